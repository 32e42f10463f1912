// What Swift's Glibc module leaves out.
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H

#include <malloc.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// At most 15 bytes; names the calling thread for ps and debuggers.
static inline int CLinux_set_thread_name(const char *_Nonnull name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0);
}

#endif
