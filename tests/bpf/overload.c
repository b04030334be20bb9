/* overload MILLISECONDS RATE RATE: more than a reader can take, all of it known.
 *
 * It waits for a byte on descriptor 0. Then two workers, each on a CPU of its own (the first two that it may use), make what is
 * routine as fast as they can: open, stat, read, write, mmap, close. Beside it, RATE times a second (the first worker's, the
 * second's) and not more than a sixth of all, what is not: ids, connects to a path and to a port where nobody listens, chmod, kill with signal 0, rename, children
 * that end, children that execute this program anew. At the end it prints what was made, by event type, and how long the workers took.
 * Its working directory holds files f0, f1, m0, m1. Static and without a C library: what is not written here does not happen. */
typedef long word;

static inline __attribute__((always_inline)) word call(word nr, word a, word b, word c, word d, word e, word f) {
    word result;
    register word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}
#define CALL(nr, a, b, c, d) call(nr, (word)(a), (word)(b), (word)(c), (word)(d), 0, 0)

enum {
    READ = 0, WRITE = 1, OPEN = 2, CLOSE = 3, STAT = 4, MMAP = 9, MUNMAP = 11, GETPID = 39, SOCKET = 41, CONNECT = 42, FORK = 57, WAIT4 = 61, KILL = 62,
    RENAME = 82, CHMOD = 90, SETUID = 105, SETGID = 106, SETRESUID = 117, SCHED_SETAFFINITY = 203, SCHED_GETAFFINITY = 204, CLOCK_GETTIME = 228,
    EXIT_GROUP = 231
};
/* in the order of `names` */
enum { N_OPEN, N_STAT, N_READ, N_WRITE, N_MMAP, N_CLOSE, N_SETUID, N_SETGID, N_SETRESUID, N_CONNECT, N_CHMOD, N_KILL, N_RENAME, N_FORK, N_CLONE, N_EXEC, N_EXIT, KINDS };
enum { ROUTINE = N_CLOSE + 1 };  /* kinds */
static const char *const names[] = {"file.open", "file.stat", "file.read", "file.write", "process.mmap", "file.close", "user.setuid", "user.setgid",
    "user.setresuid", "network.connect", "file.chmod", "process.kill", "file.rename", "process.fork", "process.clone", "process.exec", "process.exit"};
struct shared { word made[2][KINDS], nanoseconds; };
static char *own[] = {"/proc/self/exe", 0};

word vfork_exec(const char *path, char **argv);
__asm__("vfork_exec:\n"  /* the child has its parent's stack: it touches none of it */
        " mov $58, %eax\n syscall\n test %rax, %rax\n jz 1f\n ret\n"
        "1: xor %edx, %edx\n mov $59, %eax\n syscall\n mov $1, %edi\n mov $231, %eax\n syscall\n");

static word number(const char *text) {
    word value = 0;
    while (*text)
        value = value * 10 + (*text++ - '0');
    return value;
}

static word now(void) {
    word t[2];
    CALL(CLOCK_GETTIME, 1, t, 0, 0);
    return t[0] * 1000000000 + t[1];
}

static void wait_for(word child) {
    CALL(WAIT4, child, 0, 0, 0);
}

struct worker { word *made; volatile word (*all)[KINDS]; word pid, step, unix_socket, tcp_socket; char *file, *from, *to; };

static void routine(struct worker *w) {
    word room[18];
    char byte;
    word file = CALL(OPEN, w->file, 2, 0, 0);
    CALL(STAT, w->file, room, 0, 0);
    CALL(READ, file, &byte, 1, 0);
    CALL(WRITE, file, "x", 1, 0);
    word area = call(MMAP, 0, 4096, 1, 0x22, -1, 0);  /* PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS */
    CALL(MUNMAP, area, 4096, 0, 0);
    CALL(CLOSE, file, 0, 0, 0);
    for (int kind = N_OPEN; kind <= N_CLOSE; kind++)
        w->made[kind]++;
}

/* One that is not routine; how many events it made. */
static word important(struct worker *w) {
    static const struct { unsigned short family; char path[20]; } nobody = {1, "nobody-listens-here"};
    static const struct { unsigned short family, port; unsigned address; char zero[8]; } closed = {2, 0x0100, 0x0100007f, {0}};  /* 127.0.0.1:1 */
    word step = w->step++;
    if (step % 256 == 255 || step % 128 == 63) {
        word child, executes = step % 256 == 255;
        if (executes)
            child = vfork_exec(own[0], own);
        else if (!(child = CALL(FORK, 0, 0, 0, 0)))
            CALL(EXIT_GROUP, 0, 0, 0, 0);
        wait_for(child);
        w->made[N_FORK]++, w->made[N_CLONE]++, w->made[N_EXIT]++, w->made[N_EXEC] += executes;
        return 3 + executes;
    }
    if (step % 512 == 2) {
        char *other = w->from;
        CALL(RENAME, w->from, w->to, 0, 0);
        w->from = w->to, w->to = other;
        w->made[N_RENAME]++;
    } else if (step % 64 == 1) {
        CALL(CONNECT, w->tcp_socket, &closed, 16, 0);
        w->made[N_CONNECT]++;
    } else if (step % 2) {
        if (step % 4 == 1)
            CALL(SETUID, 0, 0, 0, 0);
        else
            CALL(SETRESUID, -1, 0, -1, 0);
        w->made[step % 4 == 1 ? N_SETUID : N_SETRESUID]++;
    } else if (step % 4 == 0) {
        CALL(CONNECT, w->unix_socket, &nobody, 22, 0);
        w->made[N_CONNECT]++;
    } else if (step % 8 == 2) {
        CALL(CHMOD, w->file, 0600, 0, 0);
        w->made[N_CHMOD]++;
    } else if (step % 16 == 6) {
        CALL(KILL, w->pid, 0, 0, 0);
        w->made[N_KILL]++;
    } else {
        CALL(SETGID, 0, 0, 0, 0);
        w->made[N_SETGID]++;
    }
    return 1;
}

static void work(struct worker *w, word nanoseconds, word rate, word both) {
    w->pid = CALL(GETPID, 0, 0, 0, 0);
    w->unix_socket = CALL(SOCKET, 1, 1, 0, 0);
    w->tcp_socket = CALL(SOCKET, 2, 1, 0, 0);
    word start = now(), end = start + nanoseconds, paid = 0;
    for (word at = start; at < end; at = now()) {
        word due = (at - start) * rate / 1000000000;
        word most = (w->all[0][N_CLOSE] + w->all[1][N_CLOSE]) * ROUTINE * rate / both / 5;
        if (due - paid > rate / 50)  /* it stood still for long: what it missed is not made up for, that would be more than RATE */
            paid = due - rate / 50;
        if (due > most)
            due = most;
        while (paid < due)
            paid += important(w);
        for (int i = 0; i < 8; i++)
            routine(w);
    }
    CALL(EXIT_GROUP, 0, 0, 0, 0);
}

/* Let the caller run on the n-th of the CPUs that it may use only. */
static void stay_on(word n) {
    unsigned long may[128] = {0}, one[128] = {0};
    CALL(SCHED_GETAFFINITY, 0, sizeof may, may, 0);
    for (word cpu = 0; cpu < 128 * 64; cpu++)
        if (may[cpu / 64] >> cpu % 64 & 1 && !n--) {
            one[cpu / 64] = 1ul << cpu % 64;
            CALL(SCHED_SETAFFINITY, 0, sizeof one, one, 0);
            return;
        }
}

static char *put(char *at, const char *text, word value) {
    char digits[24];
    int n = 0;
    while (*text)
        *at++ = *text++;
    *at++ = ' ';
    do
        digits[n++] = '0' + value % 10;
    while (value /= 10);
    while (n)
        *at++ = digits[--n];
    *at++ = '\n';
    return at;
}

__attribute__((used)) static void overload(word *stack) {
    static char files[2][3] = {"f0", "f1"}, from[2][3] = {"m0", "m1"}, to[2][3] = {"n0", "n1"}, out[1024];
    char **argv = (char **)(stack + 1), byte, *end = out;
    if (stack[0] == 1)  /* executed by a worker's child */
        CALL(EXIT_GROUP, 0, 0, 0, 0);
    CALL(READ, 0, &byte, 1, 0);
    struct shared *s = (struct shared *)call(MMAP, 0, sizeof *s, 3, 0x21, -1, 0);  /* PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS */
    word children[2], begun = now();
    for (int i = 0; i < 2; i++) {
        struct worker w = {.made = s->made[i], .all = s->made, .file = files[i], .from = from[i], .to = to[i]};
        if (!(children[i] = CALL(FORK, 0, 0, 0, 0))) {
            stay_on(i);
            work(&w, number(argv[1]) * 1000000, number(argv[2 + i]), number(argv[2]) + number(argv[3]));
        }
    }
    for (int i = 0; i < 2; i++)
        wait_for(children[i]);
    s->nanoseconds = now() - begun;
    word rest[KINDS] = {[N_READ] = 1, [N_MMAP] = 1, [N_WRITE] = 1, [N_FORK] = 2, [N_CLONE] = 2, [N_EXIT] = 3};  /* of this process itself */
    for (int kind = 0; kind < KINDS; kind++)
        end = put(end, names[kind], rest[kind] + s->made[0][kind] + s->made[1][kind]);
    end = put(end, "nanoseconds", s->nanoseconds);
    CALL(WRITE, 1, out, end - out, 0);
    CALL(EXIT_GROUP, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call overload\n");
