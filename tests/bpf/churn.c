/* Millions of short-lived names: what the kernel frees is used again at the same address, for another file.

   churn WORK LOG ROUNDS [CACHES]

   Workers create, rename, link and remove files and directories, descriptors of no file, name spaces and working roots, as fast as
   they can, and write down for each call which path it must be told with. LOG.N is worker N's: its tid, then CALL PATH per line.
   CACHES is written to (/proc/sys/vm/drop_caches), so that names are forgotten that were never removed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition) do { if (!(condition)) { fprintf(stderr, "churn.c:%d: %s: %s\n", __LINE__, #condition, strerror(errno)); _exit(9); } } while (0)
#define WORKERS 3

static char work[256], text[8192];
static FILE *out;
static unsigned long seed;
static int moving;  /* whether anything is renamed */

static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (seed >> 33) % n;
}

static const char *random_name(char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned length = 1 + random_below(random_below(8) ? 12 : 60);  /* short ones lie in the dentry, long ones beside it */
    for (unsigned i = 0; i < length; i++)
        name[i] = letters[random_below(sizeof letters - 1)];
    name[length] = 0;
    return name;
}

/* ---- calls, each with the path that it must be told with */

static void told(const char *call, const char *path) { MUST(fprintf(out, "%s %s\n", call, path) > 0); }

static int made(const char *path)
{
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_RDWR, 0600);
    MUST(fd >= 0);
    told("openat", path);
    return fd;
}
static int opened(const char *path)
{
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
    MUST(fd >= 0);
    told("openat", path);
    return fd;
}
static void wrote(int fd, const char *path)
{
    MUST(syscall(SYS_write, fd, "x", 1) == 1);
    told("write", path);
}
static void closed(int fd, const char *path)
{
    MUST(syscall(SYS_close, fd) == 0);
    told("close", path);
}
static void gone(const char *path)
{
    MUST(syscall(SYS_unlink, path) == 0);
    told("unlink", path);
}
static void directory(const char *path)
{
    MUST(syscall(SYS_mkdir, path, 0700) == 0);
    told("mkdir", path);
}
static void no_directory(const char *path)
{
    MUST(syscall(SYS_rmdir, path) == 0);
    told("rmdir", path);
}
static void renamed(const char *from, const char *to)
{
    MUST(syscall(SYS_rename, from, to) == 0);
    told("rename", from);
}
static const char *deleted(const char *path)
{
    static char with[8300];
    snprintf(with, sizeof with, "%s (deleted)", path);
    return with;
}
/* of what has no name but the kernel's */
static const char *asked(int fd)
{
    char link[64];
    sprintf(link, "/proc/self/fd/%d", fd);
    long length = readlink(link, text, sizeof text - 1);
    MUST(length > 0);
    text[length] = 0;
    return text;
}

/* ---- what is attacked */

/* names in one directory: created, written, renamed, linked, opened again, removed, written once more */
static void names(const char *at)
{
    char a[512], b[512], name[64];
    snprintf(a, sizeof a, "%s/%s", at, random_name(name));
    snprintf(b, sizeof b, "%s/%s.", at, random_name(name));
    int fd = made(a);
    wrote(fd, a);
    switch (random_below(4)) {
    case 0:
        if (!moving)
            break;
        renamed(a, b);
        wrote(fd, b);
        strcpy(a, b);
        break;
    case 1: {
        MUST(syscall(SYS_link, a, b) == 0);
        told("link", a);
        int other = opened(b);
        wrote(other, b);
        closed(other, b);
        gone(b);
        break;
    }
    case 2:
        closed(fd, a);
        fd = opened(a);
        wrote(fd, a);
    }
    gone(a);
    wrote(fd, deleted(a));
    closed(fd, deleted(a));
}

/* the same names below short-lived directories: dentries and inodes come again, at the same addresses, elsewhere */
static void directories(const char *at)
{
    char top[512], path[600], name[64];
    int depth = random_below(3), length;
    snprintf(top, sizeof top, "%s/%s", at, random_name(name));
    directory(top);
    length = sprintf(path, "%s", top);
    for (int i = 0; i < depth; i++)
        length += sprintf(path + length, "/sub"), directory(path);
    sprintf(path + length, "/f");
    int fd = made(path);
    wrote(fd, path);
    if (moving && !random_below(4)) {
        char other[600];
        snprintf(other, sizeof other, "%s/%s_", at, random_name(name));
        renamed(top, other);
        memmove(path + strlen(other), path + strlen(top), strlen(path) - strlen(top) + 1);
        memcpy(path, other, strlen(other));
        length += strlen(other) - strlen(top);
        strcpy(top, other);
        wrote(fd, path);
    }
    closed(fd, path);
    fd = opened(path);
    closed(fd, path);
    gone(path);
    for (int i = 0; i <= depth; i++) {
        path[length] = 0;
        no_directory(path);
        length -= 4;
    }
}

/* descriptors of no file */
static void nameless(void)
{
    int pair[2];
    char name[64];
    MUST(pipe(pair) == 0);
    wrote(pair[1], asked(pair[1]));
    closed(pair[0], asked(pair[0]));
    closed(pair[1], asked(pair[1]));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    wrote(pair[1], asked(pair[1]));
    closed(pair[0], asked(pair[0]));
    closed(pair[1], asked(pair[1]));
    pair[0] = syscall(SYS_memfd_create, random_name(name), 0);
    wrote(pair[0], asked(pair[0]));
    closed(pair[0], asked(pair[0]));
    pair[0] = syscall(SYS_eventfd2, 0, 0);
    closed(pair[0], asked(pair[0]));
    pair[0] = syscall(SYS_openat, AT_FDCWD, work, O_TMPFILE | O_RDWR, 0600);
    told("openat", asked(pair[0]));
    wrote(pair[0], asked(pair[0]));
    closed(pair[0], asked(pair[0]));
}

/* One file, open all the time, named the same in many directories; the kernel forgets the names and finds them again, in
   another order: what was one name's memory is another's. */
static void forgotten(const char *caches, long rounds)
{
    enum { DIRECTORIES = 1000 };
    char path[600], first[600];
    int held = -1;
    for (int i = 0; i < DIRECTORIES; i++) {
        sprintf(path, "%s/old%d", work, i), directory(path);
        sprintf(path, "%s/old%d/sub", work, i), directory(path);
        sprintf(path, "%s/old%d/sub/f", work, i);
        if (i) {
            MUST(syscall(SYS_link, first, path) == 0);
            told("link", first);
        } else
            held = made(strcpy(first, path));
    }
    for (long round = 0; round < rounds; round++) {
        int fd = syscall(SYS_openat, AT_FDCWD, caches, O_WRONLY);
        told("openat", caches);
        MUST(syscall(SYS_write, fd, "2", 1) == 1);  /* dentries and inodes */
        told("write", caches);
        closed(fd, caches);
        for (int i = 0; i < DIRECTORIES; i++) {
            sprintf(path, "%s/old%ld/sub/f", work, (round + i) % DIRECTORIES);
            fd = opened(path);
            closed(fd, path);
        }
    }
    wrote(held, first);
}

/* The directories of processes in /proc go with them. */
static void processes(long rounds)
{
    char path[600];
    fflush(out);
    for (long round = 0; round < rounds; round++) {
        int status;
        pid_t child = fork();
        if (!child) {
            fprintf(out, "tid %d\n", getpid());
            sprintf(path, "/proc/%d/comm", getpid());
            int fd = opened(path);
            wrote(fd, path);
            closed(fd, path);
            fflush(out);
            _exit(0);
        }
        MUST(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    }
    fprintf(out, "tid %d\n", getpid());
}

/* A 32-bit call moves a directory too, though it is no event. */
#ifdef __x86_64__
static void foreign(long rounds)
{
    char name[64], path[600], *from = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0), *to = from + 2048;
    MUST(from != MAP_FAILED);
    snprintf(from, 2048, "%s/foreign", work);
    directory(from);
    snprintf(path, sizeof path, "%s/f", from);
    int fd = made(path);
    for (long round = 0; round < rounds; round++) {
        long r;
        snprintf(to, 2048, "%s/%s-", work, random_name(name));
        __asm__ volatile("int $0x80" : "=a"(r) : "a"(38), "b"(from), "c"(to) : "memory", "r8", "r9", "r10", "r11");
        MUST(r == 0);
        snprintf(path, sizeof path, "%s/f", to);
        wrote(fd, path);
        strcpy(from, to);
    }
    closed(fd, path);
}
#endif

/* Two places of one directory; each child copies all mounts into a name space of its own, and takes the copies with it. */
static void spaces(long rounds)
{
    char place[2][512], path[600];
    for (int i = 0; i < 2; i++)
        sprintf(place[i], "%s/place%d", work, i), directory(place[i]);
    snprintf(path, sizeof path, "%s/f", place[0]);
    closed(made(path), path);
    MUST(mount(place[0], place[1], NULL, MS_BIND, NULL) == 0);
    fflush(out);
    for (long round = 0; round < rounds; round++) {
        int status;
        pid_t child = round & 1 ? fork() : syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
        if (!child) {
            MUST(!(round & 1) || unshare(CLONE_NEWNS) == 0);
            fprintf(out, "tid %d\n", getpid());
            snprintf(path, sizeof path, "%s/f", place[random_below(2)]);
            int fd = opened(path);
            wrote(fd, path);
            closed(fd, path);
            if (!random_below(4)) {  /* and a root of its own */
                MUST(chroot(place[round & 1]) == 0);
                fd = opened("/f");
                closed(fd, "/f");
            }
            fflush(out);
            _exit(0);
        }
        MUST(child > 0 && waitpid(child, &status, 0) == child && status == 0);
        random_below(2);
    }
    fprintf(out, "tid %d\n", getpid());
    MUST(umount2(place[1], MNT_DETACH) == 0);
}

/* A directory that goes to and fro between two names, while another thread opens what is in it. `turn` is odd while the move is under way. */
static char there[2][512];
static volatile unsigned long turn;
static volatile int over;

static void *mover(void *nothing)
{
    while (!over) {
        int from = turn / 2 % 2;
        turn++;
        MUST(syscall(SYS_rename, there[from], there[!from]) == 0);
        turn++;
        for (int wait = turn >> 1 & 255; wait; wait--)
            __asm__ volatile("" ::: "memory");
    }
    return nothing;
}

static void moved(long rounds)
{
    char path[2][600];
    pthread_t other;
    for (int i = 0; i < 2; i++) {
        snprintf(there[i], sizeof there[i], "%s/%s", work, i ? "there" : "here");
        snprintf(path[i], sizeof path[i], "%s/f", there[i]);
    }
    directory(there[0]);
    closed(made(path[0]), path[0]);
    MUST(pthread_create(&other, NULL, mover, NULL) == 0);
    for (long round = 0; round < rounds; round++) {
        unsigned long before = turn, between, after;
        int fd = syscall(SYS_openat, AT_FDCWD, path[round & 1], O_RDWR);
        between = turn;
        if (fd < 0)
            continue;
        MUST(syscall(SYS_write, fd, "x", 1) == 1);
        after = turn;
        /* one move at most, and it was found where that leads to: it had come, and stays */
        told("openat", between - before <= 1 && (long)((between + 1) / 2 % 2) == (round & 1) ? path[round & 1] : "?");
        told("write", between == after && after % 2 == 0 ? path[after / 2 % 2] : "?");
        MUST(syscall(SYS_close, fd) == 0);
        told("close", "?");
    }
    over = 1;
    MUST(pthread_join(other, NULL) == 0);
}

static void churned(long rounds, const char *at)
{
    for (long i = 0; i < rounds; i++) {
        unsigned what = random_below(16);
        what < 8 ? names(at) : what < 15 ? directories(at) : nameless();
    }
}

/* without removing a directory, too: that has all paths told anew, as a rename has */
static void quiet(long rounds, const char *at)
{
    for (long i = 0; i < rounds; i++)
        random_below(2) ? names(at) : nameless();
}

static const char *caches;
enum phase { SPACES, FORGOTTEN, PROCESSES, QUIET, STILL, MOVING, MOVED, FOREIGN, PHASES };

static void worker(enum phase phase, int number, long rounds, const char *log)
{
    char at[512], name[600];
    sprintf(name, "%s.%d.%d", log, phase, number);
    MUST((out = fopen(name, "w")));
    setvbuf(out, NULL, _IOFBF, 1 << 20);
    fprintf(out, "tid %d\n", getpid());
    seed = phase * WORKERS + number + 1;
    moving = phase == MOVING;
    sprintf(at, "%s/w%d.%d", work, phase, number);
    directory(at);
    switch (phase) {
    case SPACES: spaces(rounds / 50); break;
    case FORGOTTEN: forgotten(caches, rounds / 4000 + 1); break;
    case PROCESSES: processes(rounds / 50); break;
    case QUIET: quiet(rounds / 16, at); break;
    case MOVED: moved(rounds * 4); break;
#ifdef __x86_64__
    case FOREIGN: foreign(rounds / 50); break;
#endif
    default: churned(rounds / 2, at);
    }
    MUST(fclose(out) == 0);
}

int main(int argc, char **argv)
{
    MUST(argc == 4 || argc == 5);
    strcpy(work, argv[1]);
    caches = argv[4];
    int status, bad = 0;
    for (enum phase phase = 0; phase < PHASES; phase++) {  /* one after the other: what renames has all paths told anew, and hides what the others find */
        int workers = phase == STILL || phase == MOVING || phase == QUIET ? WORKERS : phase != FORGOTTEN || caches;
        for (int i = 0; i < workers; i++)
            if (!fork()) {
                worker(phase, i, atol(argv[3]), argv[2]);
                _exit(0);
            }
        while (wait(&status) > 0)
            bad |= status;
    }
    return bad != 0;
}
