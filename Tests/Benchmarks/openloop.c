/* An open-loop load generator: requests are due at fixed times, whether or not the answers to earlier ones have come.

   Usage: openloop [--report] PORT PATH RATE SECONDS [PATH]...
   Sends RATE requests for the first PATH a second to 127.0.0.1, and fetches each further PATH once a second beside them, on a connection of its own.
   A * in the first PATH stands for 00000 to 09999, in turn.
   With --report each answer, a pick, is followed by a report of a success of the picked peer on the same connection, which is not timed.
   A request's latency counts from the time at which it was due: what waits for a free connection, or for this program, counts in full. A closed loop
   would send less while the server is slow and so never see most of the slow answers ("coordinated omission").
   Prints requests, errors, latency quantiles in microseconds, and the answers to the further paths as name<TAB>value lines. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 64
#define FETCHES 8

/* One keep-alive connection. */
struct connection
{
  int socket;
  int64_t due;       /* of the request that it carries */
  bool busy;
  bool reporting;    /* whether it carries a report */
  char service[256]; /* of the pick that it carries */
  size_t received;   /* bytes of the answer so far */
  char answer[4096]; /* a pick's answer is some 300 bytes */
};

/* A path that is fetched once a second. */
struct fetch
{
  uint16_t port;
  const char *path;
  int64_t start;
  int64_t end;
  long answers;      /* with status 200 */
  long failures;
  int64_t bytes;
};

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static void
sleep_until (int64_t time)
{
  struct timespec until = { .tv_sec = time / 1000000000, .tv_nsec = time % 1000000000 };

  while (EINTR == clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
    continue;
}

static void
fail (const char *what)
{
  perror (what);
  exit (1);
}

static int
connect_to (uint16_t port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr = { .s_addr = htonl (INADDR_LOOPBACK) }
  };
  int on = 1;
  int result = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if ( (0 > result) || (0 != connect (result, (struct sockaddr *) &address, sizeof (address))) )
    fail ("connect");
  setsockopt (result, IPPROTO_TCP, TCP_NODELAY, &on, sizeof (on));
  return result;
}

/* Sends a request, which always fits the socket's buffer. */
static void
send_request (int socket, const char *path, const char *connection)
{
  char request[1024];
  int length = snprintf (request, sizeof (request), "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", path, connection);

  if (length != send (socket, request, (size_t) length, MSG_NOSIGNAL))
    fail ("send");
}

/* Reports that the peer that the answer names did well. */
static void
send_report (struct connection *connection)
{
  char body[512];
  char request[1024];
  const char *peer = strcasestr (connection->answer, "\r\nX-Lookaside-Peer: ");

  if (NULL == peer)
    fail ("a pick without X-Lookaside-Peer");
  peer += strlen ("\r\nX-Lookaside-Peer: ");
  int length = snprintf (body, sizeof (body), "{\"service\":\"%s\",\"peer\":\"%.*s\",\"status\":200,\"latency_ms\":12.5}",
                         connection->service, (int) strcspn (peer, "\r"), peer);
  length = snprintf (request, sizeof (request),
                     "POST /report HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, body);
  if (length != send (connection->socket, request, (size_t) length, MSG_NOSIGNAL))
    fail ("send");
  connection->reporting = true;
  connection->received = 0;
}

/* Fetches one path at every full second from the start on. */
static void *
run_fetch (void *argument)
{
  struct fetch *fetch = argument;
  char buffer[65536];

  for (int64_t due = fetch->start; due < fetch->end; due += 1000000000)
  {
    bool first = true;
    ssize_t count;
    int socket;

    sleep_until (due);
    socket = connect_to (fetch->port);
    send_request (socket, fetch->path, "close");
    while (0 < (count = recv (socket, buffer, sizeof (buffer), 0)))
    {
      if (first)
        *((0 == strncmp (buffer, "HTTP/1.1 200 ", 13)) ? &fetch->answers : &fetch->failures) += 1;
      first = false;
      fetch->bytes += count;
    }
    close (socket);
  }
  return NULL;
}

/* Reads what has come. Returns whether the answer is complete; exits when it cannot be one. */
static bool
receive (struct connection *connection)
{
  char *body;
  char *header;
  ssize_t count = recv (connection->socket, connection->answer + connection->received,
                        sizeof (connection->answer) - 1 - connection->received, MSG_DONTWAIT);

  if ( (0 > count) && (EAGAIN == errno) )
    return false;
  if (0 >= count)
    fail ("the server closed a connection");
  connection->received += (size_t) count;
  connection->answer[connection->received] = '\0';
  body = strstr (connection->answer, "\r\n\r\n");
  if (NULL == body)
    return false;
  header = strcasestr (connection->answer, "\r\nContent-Length:");
  if ( (NULL == header) || (header > body) )
    fail ("an answer without Content-Length");
  return connection->received >= (size_t) (body + 4 - connection->answer) + strtoul (header + 17, NULL, 10);
}

static int
compare (const void *left, const void *right)
{
  int64_t difference = *(const int64_t *) left - *(const int64_t *) right;

  return (0 < difference) - (0 > difference);
}

static void
print_quantile (const char *name, const int64_t *sorted, long count, double quantile)
{
  long index = (long) (quantile * (double) count);

  printf ("%s\t%.1f\n", name, (double) sorted[(index < count) ? index : count - 1] / 1000);
}

/* An idle connection, NULL when all are busy. */
static struct connection *
find_idle (struct connection *connections)
{
  for (int index = 0; index < CONNECTIONS; index++)
    if (! connections[index].busy)
      return &connections[index];
  return NULL;
}

/* Writes the path of a request: its number in the place of a *. */
static void
number_path (char *path, size_t size, const char *pattern, long request)
{
  const char *star = strchr (pattern, '*');

  if (NULL == star)
    snprintf (path, size, "%s", pattern);
  else
    snprintf (path, size, "%.*s%05ld%s", (int) (star - pattern), pattern, request % 10000, star + 1);
}

int
main (int argc, char **argv)
{
  static struct connection connections[CONNECTIONS];
  static struct fetch fetches[FETCHES];
  pthread_t threads[FETCHES];
  struct epoll_event events[CONNECTIONS];
  char path[512];
  bool reports = (1 < argc) && (0 == strcmp (argv[1], "--report"));

  argv += reports;
  argc -= reports;
  int fetch_count = argc - 5;
  long busy = 0;
  long sent = 0;
  long done = 0;
  long errors = 0;

  if ( (5 > argc) || (FETCHES < fetch_count) || (0 >= atol (argv[3])) || (0 >= atol (argv[4])) )
  {
    fprintf (stderr, "usage: openloop [--report] PORT PATH RATE SECONDS [PATH]...\n");
    return 2;
  }
  uint16_t port = (uint16_t) atoi (argv[1]);
  int64_t interval = 1000000000 / atol (argv[3]);
  long total = atol (argv[3]) * atol (argv[4]);
  int64_t *latencies = calloc ((size_t) total, sizeof (int64_t));
  int poll = epoll_create1 (EPOLL_CLOEXEC);

  if ( (NULL == latencies) || (0 > poll) )
    fail ("start");
  /* The system may wake a sleeper 50 us late to save power. */
  prctl (PR_SET_TIMERSLACK, 1);
  for (int index = 0; index < CONNECTIONS; index++)
  {
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = &connections[index] } };

    connections[index].socket = connect_to (port);
    if (0 != epoll_ctl (poll, EPOLL_CTL_ADD, connections[index].socket, &event))
      fail ("epoll_ctl");
  }
  int64_t start = now () + 100000000;
  for (int index = 0; index < fetch_count; index++)
  {
    fetches[index] = (struct fetch) { .port = port, .path = argv[5 + index], .start = start, .end = start + total * interval };
    if (0 != pthread_create (&threads[index], NULL, &run_fetch, &fetches[index]))
      fail ("pthread_create");
  }
  while ( (done < total) || (0 < busy) )
  {
    struct connection *idle = NULL;
    int64_t wait = 100000000;

    while ( (sent < total) && (NULL != (idle = find_idle (connections))) )
    {
      int64_t due = start + sent * interval;

      wait = due - now ();
      if (0 < wait)
        break;
      idle->busy = true;
      busy++;
      idle->received = 0;
      idle->due = due;
      number_path (path, sizeof (path), argv[2], sent);
      snprintf (idle->service, sizeof (idle->service), "%s", strrchr (path, '/') + 1);
      send_request (idle->socket, path, "keep-alive");
      sent++;
    }
    /* Nothing is left to send, or to send on: the next event is an answer. */
    if ( (sent == total) || (NULL == idle) )
      wait = 100000000;
    struct timespec timeout = { .tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000 };
    int count = epoll_pwait2 (poll, events, CONNECTIONS, &timeout, NULL);
    for (int index = 0; index < count; index++)
    {
      struct connection *connection = events[index].data.ptr;

      if (! receive (connection))
        continue;
      errors += (0 != strncmp (connection->answer, "HTTP/1.1 200 ", 13));
      if (! connection->reporting)
      {
        latencies[done++] = now () - connection->due;
        if (reports)
        {
          send_report (connection);
          continue;
        }
      }
      connection->reporting = false;
      connection->busy = false;
      busy--;
    }
  }
  qsort (latencies, (size_t) total, sizeof (int64_t), &compare);
  printf ("requests\t%ld\nerrors\t%ld\n", total, errors);
  print_quantile ("p50_us", latencies, total, 0.5);
  print_quantile ("p99_us", latencies, total, 0.99);
  print_quantile ("p999_us", latencies, total, 0.999);
  print_quantile ("max_us", latencies, total, 1);
  for (int index = 0; index < fetch_count; index++)
  {
    pthread_join (threads[index], NULL);
    printf ("answers %s\t%ld\nfailures %s\t%ld\nbytes %s\t%ld\n", fetches[index].path, fetches[index].answers, fetches[index].path,
            fetches[index].failures, fetches[index].path, (long) fetches[index].bytes);
  }
  return 0;
}
