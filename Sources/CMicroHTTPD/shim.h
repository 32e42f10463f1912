#pragma once

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Typed forms of libmicrohttpd's variadic functions and va_list callbacks, which Swift cannot call or implement. */

/* Where the messages of one daemon go. It must outlive the daemon. */
struct mhd_log_sink {
  void *context;
  void (*write) (void *context, const char *message);
};

/* Everything that a daemon is started with; the flags are always the same. */
struct mhd_daemon_settings {
  int listening_socket;              /* taken over by the daemon when it starts */
  unsigned int workers;              /* threads, at least 1 */
  unsigned int connection_limit;     /* of the whole daemon; libmicrohttpd gives each worker its part */
  unsigned int idle_timeout_seconds; /* 0: none */
  struct mhd_log_sink *log_sink;
  void *context; /* given to both callbacks */
  MHD_AccessHandlerCallback access_handler;
  MHD_RequestCompletedCallback request_completed;
};

/* Formats a message of libmicrohttpd and hands it on without its line end. */
static inline void
mhd_format_log (void *sink_pointer, const char *format, va_list arguments)
{
  const struct mhd_log_sink *sink = (const struct mhd_log_sink *) sink_pointer;
  char message[1024];
  size_t length;

  if (0 > vsnprintf (message, sizeof (message), format, arguments))
    return;
  length = strlen (message);
  while ( (0 < length) && ('\n' == message[length - 1]) )
    message[--length] = '\0';
  sink->write (sink->context, message);
}

/* Leaves path and query as they were sent: a decoded %2F would look like the end of a segment, a decoded %00 like the end of the string. */
static inline size_t
mhd_unescape_nothing (void *context, struct MHD_Connection *connection, char *text)
{
  (void) context;
  (void) connection;
  return strlen (text);
}

/* libmicrohttpd found its own state broken: there is nothing to go on with, but the reason must be seen. */
static inline void
mhd_report_panic (void *context, const char *file, unsigned int line, const char *reason)
{
  (void) context;
  fprintf (stderr, "libmicrohttpd gave up at %s:%u: %s\n", file, line, (NULL == reason) ? "no reason given" : reason);
  abort ();
}

/* MHD_start_daemon with the flags and options of this project; NULL on failure, with the reason logged. */
static inline struct MHD_Daemon *
mhd_start_daemon (const struct mhd_daemon_settings *settings)
{
  /* A pool of one thread is refused: one worker is the daemon's own thread. */
  struct MHD_OptionItem pool[] = {
    { MHD_OPTION_THREAD_POOL_SIZE, (intptr_t) settings->workers, NULL },
    { MHD_OPTION_END, 0, NULL }
  };
  struct MHD_OptionItem no_pool[] = {
    { MHD_OPTION_END, 0, NULL }
  };

  MHD_set_panic_func (&mhd_report_panic, NULL);
  return MHD_start_daemon (MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                           0,
                           NULL, NULL,
                           settings->access_handler, settings->context,
                           /* First, so that it also reports what is wrong with the others. */
                           MHD_OPTION_EXTERNAL_LOGGER, &mhd_format_log, (void *) settings->log_sink,
                           MHD_OPTION_LISTEN_SOCKET, settings->listening_socket,
                           MHD_OPTION_CONNECTION_LIMIT, settings->connection_limit,
                           MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_timeout_seconds,
                           MHD_OPTION_UNESCAPE_CALLBACK, &mhd_unescape_nothing, NULL,
                           MHD_OPTION_NOTIFY_COMPLETED, settings->request_completed, settings->context,
                           MHD_OPTION_ARRAY, (1 < settings->workers) ? pool : no_pool,
                           MHD_OPTION_END);
}

/* How many connections are open. Not to be called by two threads at once: libmicrohttpd adds its workers' counts up in the daemon itself. */
static inline unsigned int
mhd_connection_count (struct MHD_Daemon *daemon)
{
  const union MHD_DaemonInfo *info = MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

  return (NULL == info) ? 0 : info->num_connections;
}

/* The address of a connection's client, valid as long as the connection; NULL if it is unknown. */
static inline const struct sockaddr *
mhd_client_address (struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

  return (NULL == info) ? NULL : info->client_addr;
}
