/* The least that a server on libmicrohttpd can do: one response, made once, queued for every request, whatever it asks.

   Usage: baseline PORT WORKERS BODY [NAME VALUE]...
   Serves BODY and the headers on 127.0.0.1 until it is ended. The daemon is started by the server's own shim: same flags, same options. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <shim.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static enum MHD_Result
answer (void *response, struct MHD_Connection *connection, const char *target, const char *method, const char *version,
        const char *body, size_t *body_size, void **request)
{
  (void) target;
  (void) method;
  (void) version;
  (void) body;
  (void) body_size;
  /* An answer in the first call would close the connection. */
  if (NULL == *request)
  {
    *request = response;
    return MHD_YES;
  }
  return MHD_queue_response (connection, MHD_HTTP_OK, response);
}

static void
complete (void *response, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode reason)
{
  (void) response;
  (void) connection;
  (void) request;
  (void) reason;
}

static void
write_log (void *context, const char *message)
{
  (void) context;
  fprintf (stderr, "%s\n", message);
}

/* A socket as HTTPServing opens it; -1 on failure. */
static int
listen_on (uint16_t port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr = { .s_addr = htonl (INADDR_LOOPBACK) }
  };
  int on = 1;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (0 > listener)
    return -1;
  setsockopt (listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof (on));
  if ( (0 != bind (listener, (struct sockaddr *) &address, sizeof (address))) || (0 != listen (listener, 4096)) )
    return -1;
  return listener;
}

int
main (int argc, char **argv)
{
  struct mhd_log_sink sink = { .context = NULL, .write = &write_log };
  struct MHD_Response *response;
  int listener;

  if ( (4 > argc) || (0 != argc % 2) )
  {
    fprintf (stderr, "usage: %s PORT WORKERS BODY [NAME VALUE]...\n", argv[0]);
    return 2;
  }
  listener = listen_on ((uint16_t) atoi (argv[1]));
  if (0 > listener)
  {
    perror (argv[1]);
    return 1;
  }
  response = MHD_create_response_from_buffer (strlen (argv[3]), argv[3], MHD_RESPMEM_PERSISTENT);
  for (int index = 4; index < argc; index += 2)
  {
    if (MHD_YES != MHD_add_response_header (response, argv[index], argv[index + 1]))
    {
      fprintf (stderr, "not a header: %s: %s\n", argv[index], argv[index + 1]);
      return 1;
    }
  }
  struct mhd_daemon_settings settings = {
    .listening_socket = listener,
    .workers = (unsigned int) atoi (argv[2]),
    .connection_limit = 10000,
    .idle_timeout_seconds = 60,
    .log_sink = &sink,
    .context = response,
    .access_handler = &answer,
    .request_completed = &complete
  };
  if (NULL == mhd_start_daemon (&settings))
    return 1;
  while (true)
    pause ();
}
