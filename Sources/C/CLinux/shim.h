// Linux calls and constants that Swift's Glibc module does not show.
#ifndef GATEHOUSE_CLINUX_SHIM_H
#define GATEHOUSE_CLINUX_SHIM_H

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>

// accept4 is hidden behind _GNU_SOURCE, which would give this module other types than Swift's own C library module has.
int accept4(int, struct sockaddr *restrict, socklen_t *restrict, int);

static inline int clinux_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    return accept4(descriptor, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// epoll_data is a union; the loop stores one 64-bit word in it.
static inline int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = data;
    return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline uint64_t clinux_event_data(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t clinux_event_bits(const struct epoll_event *event) { return event->events; }

static inline uint64_t clinux_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline int64_t clinux_unix_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// errno is a macro over a thread-local.
static inline int clinux_errno(void) { return errno; }
#endif
