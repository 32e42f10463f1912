/* Many small HTTP servers in one process, for active checks to ask.

   Usage: responder NETWORK ADDRESSES PORTS FIRST_PORT
   Listens on each of PORTS ports of each of ADDRESSES addresses, 127.NETWORK.0.1 and on, and answers every request with 200 and no body.
   Prints "ready" when all listen; runs until it is ended. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER_BIT 0x40000000

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

static void
fail (const char *what)
{
  perror (what);
  exit (1);
}

static void
watch (int poll, int descriptor, uint32_t mark)
{
  struct epoll_event event = { .events = EPOLLIN, .data = { .u32 = (uint32_t) descriptor | mark } };

  if (0 != epoll_ctl (poll, EPOLL_CTL_ADD, descriptor, &event))
    fail ("epoll_ctl");
}

static void
listen_on (int poll, uint32_t host, uint16_t port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr = { .s_addr = htonl (host) } };
  int on = 1;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (0 > listener)
    fail ("socket");
  setsockopt (listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof (on));
  if ( (0 != bind (listener, (struct sockaddr *) &address, sizeof (address))) || (0 != listen (listener, 16)) )
    fail ("listen");
  watch (poll, listener, LISTENER_BIT);
}

/* A request is so short that it comes in one piece. */
static void
serve (int descriptor)
{
  char request[4096];

  if ( (0 < recv (descriptor, request, sizeof (request), 0))
       && (0 > send (descriptor, answer, sizeof (answer) - 1, MSG_NOSIGNAL)) && (EPIPE != errno) && (ECONNRESET != errno) )
    fail ("send");
  close (descriptor);
}

int
main (int argc, char **argv)
{
  struct rlimit limit;
  struct epoll_event events[256];

  if (5 != argc)
  {
    fprintf (stderr, "usage: %s NETWORK ADDRESSES PORTS FIRST_PORT\n", argv[0]);
    return 2;
  }
  if (0 == getrlimit (RLIMIT_NOFILE, &limit))
  {
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
  }
  int poll = epoll_create1 (EPOLL_CLOEXEC);
  uint32_t network = 0x7F000000u + ((uint32_t) atoi (argv[1]) << 16);
  for (int address = 1; address <= atoi (argv[2]); address++)
    for (int port = 0; port < atoi (argv[3]); port++)
      listen_on (poll, network + (uint32_t) address, (uint16_t) (atoi (argv[4]) + port));
  puts ("ready");
  fflush (stdout);
  while (1)
  {
    int count = epoll_wait (poll, events, 256, -1);

    for (int index = 0; index < count; index++)
    {
      int descriptor = (int) (events[index].data.u32 & ~(uint32_t) LISTENER_BIT);

      if (0 == (events[index].data.u32 & LISTENER_BIT))
        serve (descriptor);
      else
      {
        int accepted = accept4 (descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (0 <= accepted)
          watch (poll, accepted, 0);
      }
    }
  }
}
