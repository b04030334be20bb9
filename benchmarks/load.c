// A load of known size: COUNT calls of one kind (or for so many seconds: `60s`), as fast as they go or at RATE a second.
//
//   load close|read|openclose|getppid|mixed COUNT|SECONDSs [RATE]
//   load open|shut COUNT
//
// Prints one line: calls, CPU nanoseconds a call (of this process), wall seconds. `openclose` counts two calls a round;
// `open` and `shut` open a file and close it again, in lots of 512, and time only the one or only the other;
// `mixed` is open, read, stat, write to /dev/null, close in turn, and failing ones now and then.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void one(const char *mode, long i, int null) {
    static int fd = -1;
    static const char *names[] = {"/etc/hostname", "/etc/passwd", "/etc/group", "/usr/bin/env", "/no/such/file"};
    struct stat st;
    char byte;
    switch (mode[0]) {
    case 'c': syscall(SYS_close, -1); return;
    case 'r': syscall(SYS_read, null, &byte, 1); return;
    case 'g': syscall(SYS_getppid); return;
    case 'o':
        if (i & 1)
            syscall(SYS_close, fd);
        else
            fd = syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY, 0);
        return;
    }
    switch (i % 5) {
    case 0: fd = syscall(SYS_openat, AT_FDCWD, names[i / 5 % 5], O_RDONLY, 0); return;
    case 1: syscall(SYS_read, fd, &byte, 1); return;
    case 2: syscall(SYS_newfstatat, AT_FDCWD, names[i / 5 % 5], &st, 0); return;
    case 3: syscall(SYS_write, null, "x", 1); return;
    default: syscall(SYS_close, fd);
    }
}

enum { LOT = 512 };

static double lots(int timed_close, long count) {
    int fds[LOT];
    double spent = 0;
    for (long done = 0; done < count; done += LOT) {
        double start = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < LOT; i++)
            fds[i] = syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY, 0);
        double middle = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < LOT; i++)
            syscall(SYS_close, fds[i]);
        spent += timed_close ? now(CLOCK_PROCESS_CPUTIME_ID) - middle : middle - start;
    }
    return spent;
}

int main(int argc, char **argv) {
    if (argc < 3 || !strstr(" close read openclose getppid mixed open shut ", argv[1])) {
        fprintf(stderr, "usage: load close|read|openclose|getppid|mixed COUNT|SECONDSs [RATE], load open|shut COUNT\n");
        return 2;
    }
    if (!strcmp(argv[1], "open") || !strcmp(argv[1], "shut")) {
        double start = now(CLOCK_MONOTONIC);
        long whole = (atol(argv[2]) + LOT - 1) / LOT * LOT;
        double spent = lots(argv[1][0] == 's', whole);
        printf("%ld %.1f %.3f\n", whole, spent / whole * 1e9, now(CLOCK_MONOTONIC) - start);
        return 0;
    }
    char *unit;
    long count = strtol(argv[2], &unit, 10), rate = argc > 3 ? atol(argv[3]) : 0, done = 0;
    int null = open("/dev/null", O_RDWR);
    double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    double end = *unit == 's' ? start + count : 0;
    if (end)
        count = 1L << 62;
    while (done < count && !(end && now(CLOCK_MONOTONIC) >= end)) {
        long slice = rate ? rate / 500 + 1 : end ? 1000 : count;  // a look at the clock is no system call
        for (long i = 0; i < slice && done < count; i++)
            one(argv[1], done++, null);
        if (rate) {
            double at = start + (double)done / rate;
            struct timespec until = {(time_t)at, (long)((at - (time_t)at) * 1e9)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0);
        }
    }
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%ld %.1f %.3f\n", done, cpu / done * 1e9, now(CLOCK_MONOTONIC) - start);
    return 0;
}
