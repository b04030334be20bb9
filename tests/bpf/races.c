/* A program that lies: while a call runs, a second thread rewrites the path or the address that it was given.

   races WORK LOG PROGRAM-1 PROGRAM-2 ROUNDS EXECS

   Two names differ in one byte, and the other thread writes the one and the other into it all the time. The kernel copies
   the argument once and takes what it finds; who reads it when the call has ended may find the other. What the
   kernel took is asked of the kernel: /proc/self/fd, fstat, getcwd, getpeername, the status of the program that ran.
   LOG gets one line a call of the main thread, in order, and one a child: CALL RESULT INODE PORT TRUTH. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition) do { if (!(condition)) { fprintf(stderr, "races.c:%d: %s: %s\n", __LINE__, #condition, strerror(errno)); _exit(9); } } while (0)

/* ---- the log: in memory, written at the end */

static char *line_at, *line_end, *log_start;

static void say(const char *call, long result, unsigned long inode, int port, const char *truth)
{
    MUST(line_end - line_at > 8192);
    line_at += sprintf(line_at, "%s %ld %lu %d %s\n", call, result, inode, port, truth);
}

/* ---- the other thread */

struct place { volatile unsigned char *at; unsigned char one, two; };
static struct place *volatile lies;  /* ends with a NULL place */
static volatile int over, idle;
static volatile unsigned long turns;

static void *liar(void *nothing)
{
    unsigned seed = 1, wait;
    while (!over) {
        struct place *place = lies;
        idle = !place;
        for (; place && place->at; place++)
            *place->at = seed >> 16 & 1 ? place->one : place->two;
        turns++;
        seed = seed * 1103515245 + 12345;
        for (wait = seed >> 20 & 63; wait; wait--)
            __asm__ volatile("" ::: "memory");
    }
    return nothing;
}

static void lie(struct place *places)
{
    lies = places;
    while (idle != !places)
        ;
}

static unsigned long before_call;
static long raced;

/* The next round begins when the other thread is seen running, or in a few microseconds: there would be no race else, and on a busy machine no end. */
static void ready(void)
{
    unsigned long before = turns;
    for (int wait = 0; wait < 10000 && turns == before; wait++)
        ;
    before_call = turns;
}

/* Behind the call: whether the other thread has run meanwhile. */
static void called(void)
{
    raced += turns != before_call;
}

/* So many rounds, and more where the other thread was seldom on a processor: else they would prove nothing. */
static int goes_on(long round, long rounds)
{
    if (!round)
        raced = 0;
    return round < rounds || (raced < rounds / 20 && round < rounds * 20);
}

/* ---- files */

static char work[256], truth[4400];
static unsigned long inode;

/* A name in `work`, the last letter of which is now A, now B. */
static void pick(char *text, struct place *place, const char *what)
{
    sprintf(text, "%s/%s-A", work, what);
    place[0] = (struct place){(unsigned char *)text + strlen(text) - 1, 'A', 'B'};
}

/* What the kernel has behind a descriptor: `truth` and `inode`. One fstat is made. */
static void ask_file(int fd)
{
    struct stat facts;
    char link[64];
    sprintf(link, "/proc/self/fd/%d", fd);
    long length = readlink(link, truth, sizeof truth - 1);
    MUST(length > 0);
    truth[length] = 0;
    MUST(syscall(SYS_fstat, fd, &facts) == 0);
    inode = facts.st_ino;
}

static void files(long rounds)
{
    static char name[512];
    static struct place place[2];
    char byte = 'x';
    pick(name, place, "file");
    for (int i = 0; i < 2; i++) {
        *place->at = i ? place->two : place->one;
        MUST(syscall(SYS_mknod, name, S_IFREG | 0644, 0) == 0);
    }
    lie(place);
    for (long i = 0; goes_on(i, rounds); i++) {
        ready();
        int fd = i & 1 ? syscall(SYS_openat, AT_FDCWD, name, O_RDWR) : syscall(SYS_open, name, O_RDWR);
        called();
        ask_file(fd);
        say(i & 1 ? "openat" : "open", fd, 0, 0, truth);
        say("fstat", 0, inode, 0, truth);
        say("pwrite64", syscall(SYS_pwrite64, fd, &byte, 1, 0), inode, 0, truth);
        say("read", syscall(SYS_read, fd, &byte, 1), inode, 0, truth);
        say("ftruncate", syscall(SYS_ftruncate, fd, 0), 0, 0, truth);
        say("fchmod", syscall(SYS_fchmod, fd, 0600), 0, 0, truth);
        say("close", syscall(SYS_close, fd), 0, 0, truth);
    }
    lie(NULL);
}

static void creations(long rounds)
{
    static char name[512];
    static struct place place[2];
    pick(name, place, "new");
    lie(place);
    for (long i = 0; goes_on(i, rounds); i++) {
        ready();
        int fd = i & 1 ? syscall(SYS_openat, AT_FDCWD, name, O_CREAT | O_WRONLY, 0600) : syscall(SYS_creat, name, 0600);
        called();
        ask_file(fd);
        say(i & 1 ? "openat" : "creat", fd, 0, 0, truth);
        say("fstat", 0, inode, 0, truth);
        say("close", syscall(SYS_close, fd), 0, 0, truth);
        say("unlink", syscall(SYS_unlink, truth), 0, 0, truth);
    }
    lie(NULL);
}

static void directories(long rounds)
{
    static char name[512];
    static struct place place[2];
    pick(name, place, "directory");
    for (int i = 0; i < 2; i++) {
        *place->at = i ? place->two : place->one;
        say("mkdir", syscall(SYS_mkdir, name, 0755), 0, 0, name);
    }
    lie(place);
    for (long i = 0; goes_on(i, rounds); i++) {
        ready();
        long r = syscall(SYS_chdir, name);
        called();
        MUST(getcwd(truth, sizeof truth));
        say("chdir", r, 0, 0, truth);
    }
    lie(NULL);
}

/* ---- programs: a child that shares our memory executes the raced name; its status tells which ran */

static void programs(long rounds, const char *one, const char *two)
{
    static char name[512], *arguments[2] = {name, NULL}, *environment[1];
    static struct place place[2];
    strcpy(name, one);
    size_t last = strlen(one) - 1;
    MUST(strlen(two) == strlen(one) && strncmp(one, two, last) == 0);
    place[0] = (struct place){(unsigned char *)name + last, one[last], two[last]};
    lie(place);
    for (long i = 0; i < rounds; i++) {
        ready();
        int status;
        pid_t child = vfork();
        if (!child) {
            syscall(SYS_execve, name, arguments, environment);
            _exit(9);
        }
        MUST(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
        say("execve", child, 0, 0, WEXITSTATUS(status) == 1 ? one : two);
    }
    lie(NULL);
}

/* ---- sockets */

union address { struct sockaddr any; struct sockaddr_in four; struct sockaddr_in6 six; struct sockaddr_un unx; };
static union address to, from;
static int port;

/* Who the kernel says is at the other end: `truth` and `port` (-1: none). One getpeername is made, and logged by the caller. */
static void ask_peer(int fd)
{
    union address peer = {0};
    socklen_t length = sizeof peer;
    MUST(syscall(SYS_getpeername, fd, &peer, &length) == 0);
    port = peer.any.sa_family == AF_UNIX ? -1 : ntohs(peer.four.sin_port);
    if (peer.any.sa_family == AF_UNIX)
        strcpy(truth, length > 2 ? peer.unx.sun_path : "");
    else
        MUST(inet_ntop(peer.any.sa_family, peer.any.sa_family == AF_INET ? (void *)&peer.four.sin_addr : (void *)&peer.six.sin6_addr, truth, sizeof truth));
}

static int bound(int family, int type, const union address *at, socklen_t length)
{
    int fd = socket(family, type, 0), one = 1;
    MUST(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    long r = syscall(SYS_bind, fd, at, length);
    say("bind", r, 0, 0, "-");
    if (r == 0 && (type == SOCK_DGRAM || listen(fd, 64) == 0))
        return fd;
    say("close", syscall(SYS_close, fd), 0, 0, "-");
    return -1;
}

/* Two sockets to connect to, and the places in `to` and `from` in which their addresses differ; the address's length. */
static socklen_t two_servers(int family, int type, int server[2], struct place *places)
{
    union address at = {0};
    socklen_t length = family == AF_INET ? sizeof at.four : sizeof at.six;
    unsigned char *bytes = (unsigned char *)&to, *answer = (unsigned char *)&from;
    memset(places, 0, 5 * sizeof *places);
    memset(&to, 0, sizeof to);
    memset(&from, 0, sizeof from);
    at.any.sa_family = family;
    if (family == AF_UNIX) {
        length = offsetof(struct sockaddr_un, sun_path) + sprintf(at.unx.sun_path, "%.90s/s%d-A", work, type);
        to = at;
        server[0] = bound(family, type, &at, length);
        at.unx.sun_path[strlen(at.unx.sun_path) - 1] = 'B';
        server[1] = bound(family, type, &at, length);
        *places++ = (struct place){bytes + length - 1, 'A', 'B'};
        *places++ = (struct place){answer + length - 1, 'X', 'Y'};
        *places++ = (struct place){answer, AF_UNIX, AF_INET};
        return length;
    }
    if (family == AF_INET6)
        at.six.sin6_addr = in6addr_loopback;
    server[0] = server[1] = -1;
    for (int number = 20000; server[1] < 0; number += 2) {  /* neighbours, so that one byte of the port tells them apart */
        MUST(number < 30000);
        at.four.sin_port = htons(number);
        server[0] = bound(family, type, &at, length);
        at.four.sin_port = htons(number + 1);
        server[1] = server[0] < 0 ? -1 : bound(family, type, &at, length);
    }
    to = at;
    *places++ = (struct place){bytes + 3, bytes[3] - 1, bytes[3]};
    if (family == AF_INET) {
        to.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        *places++ = (struct place){bytes + 7, 1, 2};
    }
    *places++ = (struct place){answer + 3, 1, 2};
    *places++ = (struct place){answer + 7, 8, 9};
    return length;
}

static void streams(int family, long rounds)
{
    static struct place places[5];
    int server[2];
    char bytes[4];
    socklen_t length = two_servers(family, SOCK_STREAM, server, places), size;
    int first = ntohs(to.four.sin_port) & ~1;
    lie(places);
    for (long i = 0; i < rounds; i++) {
        ready();
        struct linger reset = {1, 0};
        int fd = socket(family, SOCK_STREAM | (family != AF_UNIX && i & 1 ? SOCK_NONBLOCK : 0), 0);
        MUST(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
        long r = syscall(SYS_connect, fd, &to, length) < 0 ? -errno : 0;
        MUST(r == 0 || (r == -EINPROGRESS && poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1) == 1));
        ask_peer(fd);
        int which = family == AF_UNIX ? truth[strlen(truth) - 1] == 'B' : port - first;
        say("connect", r, 0, port, truth);
        say("getpeername", 0, 0, port, truth);
        size = sizeof from;  /* the answer is rewritten, too */
        say("getpeername", syscall(SYS_getpeername, fd, &from, &size), 0, port, truth);
        say("sendto", syscall(SYS_sendto, fd, "x", 1, 0, NULL, 0), 0, port, truth);
        if (family != AF_UNIX)  /* an address beside a stream is not looked at */
            say("sendto", syscall(SYS_sendto, fd, "x", 1, 0, &from, length), 0, port, truth);
        size = sizeof from;
        int accepted = syscall(SYS_accept4, server[which], &from, &size, 0);
        ask_peer(accepted);
        say("accept4", accepted, 0, port, truth);
        say("getpeername", 0, 0, port, truth);
        size = sizeof from;
        say("recvfrom", syscall(SYS_recvfrom, accepted, bytes, sizeof bytes, 0, &from, &size), 0, port, truth);
        say("close", syscall(SYS_close, accepted), 0, 0, "-");
        say("close", syscall(SYS_close, fd), 0, 0, "-");
    }
    lie(NULL);
    say("close", syscall(SYS_close, server[0]), 0, 0, "-");
    say("close", syscall(SYS_close, server[1]), 0, 0, "-");
}

static void datagrams(int family, long rounds)
{
    static struct place places[5];
    int server[2];
    char byte;
    socklen_t length = two_servers(family, SOCK_DGRAM, server, places);
    int first = ntohs(to.four.sin_port) & ~1;
    lie(places);
    for (long i = 0; i < rounds; i++) {
        ready();
        int fd = socket(family, SOCK_DGRAM, 0);
        long r = syscall(SYS_connect, fd, &to, length);
        ask_peer(fd);
        int which = family == AF_UNIX ? truth[strlen(truth) - 1] == 'B' : port - first;
        say("connect", r, 0, port, truth);
        say("getpeername", 0, 0, port, truth);
        say("sendto", syscall(SYS_sendto, fd, "x", 1, 0, NULL, 0), 0, port, truth);
        say("read", syscall(SYS_read, server[which], &byte, 1), 0, 0, "-");
        say("close", syscall(SYS_close, fd), 0, 0, "-");
    }
    lie(NULL);
    say("close", syscall(SYS_close, server[0]), 0, 0, "-");
    say("close", syscall(SYS_close, server[1]), 0, 0, "-");
}

int main(int argc, char **argv)
{
    MUST(argc == 7);
    strcpy(work, argv[1]);
    long rounds = atol(argv[5]), size = 4096 + rounds * 8192;
    log_start = line_at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    line_end = log_start + size;
    pthread_t second;
    MUST(pthread_create(&second, NULL, liar, NULL) == 0);
    MUST(open("/kellect-begin", O_RDONLY) < 0);
    files(rounds);
    creations(rounds);
    directories(rounds);
    programs(atol(argv[6]), argv[3], argv[4]);
    streams(AF_INET, rounds);
    streams(AF_INET6, rounds / 4);
    streams(AF_UNIX, rounds / 4);
    datagrams(AF_INET, rounds / 4);
    datagrams(AF_INET6, rounds / 4);
    datagrams(AF_UNIX, rounds / 4);
    MUST(open("/kellect-end", O_RDONLY) < 0);
    over = 1;
    pthread_join(second, NULL);
    FILE *log = fopen(argv[2], "w");
    MUST(log && fwrite(log_start, 1, line_at - log_start, log) == (size_t)(line_at - log_start) && fclose(log) == 0);
    return 0;
}
