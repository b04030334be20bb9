/* Calls that are not what they seem: refused by seccomp, changed by a tracer, interrupted, killed, made by the 32-bit gate. */
#include "workload.h"

#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <ucontext.h>

/* ---- seccomp ---- */

/* one call is answered otherwise, from now on, in this thread */
static long answer(long nr, unsigned action, unsigned flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};
    SC(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return OK(SC(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

static void log_removal(const char *call, const char *name, long r, bool seen)
{
    struct line l;
    struct text path;
    joined(&path, AT_FDCWD, name);
    ev(&l, !strcmp(call, "rmdir") ? "file.rmdir" : "file.delete", call, r);
    a_null(&l, "dirfd"), a_name(&l, "filename", name), a_path(&l, "path", &path);
    if (strcmp(call, "rmdir"))
        a_null(&l, "flags");
    if (!seen)
        no_duration(&l);
    ev_end(&l);
}

static void log_refused_close(int fd, long r)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    ev(&l, "file.close", "close", r);
    a_int(&l, "fd", fd), a_null(&l, "first"), a_null(&l, "last"), a_null(&l, "flags"), a_path(&l, "path", &path);
    no_duration(&l);
    ev_end(&l);
}

static void log_open(const char *name, long r)
{
    struct line l;
    struct text path;
    joined(&path, AT_FDCWD, name);
    ev(&l, "file.open", "openat", r);
    a_str(&l, "dirfd", "AT_FDCWD"), a_str(&l, "filename", name), a_path(&l, "path", &path), a_str(&l, "flags", "O_RDONLY"), a_null(&l, "mode"), a_null(&l, "resolve");
    r >= 0 ? a_int(&l, "fd", r) : a_null(&l, "fd");
    no_duration(&l);
    ev_end(&l);
}

CASE(refused_with_an_error)
{
    struct line l;
    int fd = make_file("f", "", 0644);
    FAILS(ENOENT, do_unlink("none"));
    answer(SYS_unlink, SECCOMP_RET_ERRNO | EXDEV, 0);
    log_removal("unlink", "f", FAILS(EXDEV, SC(SYS_unlink, "f")), false);
    OK(do_openat(AT_FDCWD, "f", F(O_RDONLY), 0)); /* what follows has its own duration */
    log_removal("unlink", "none", FAILS(EXDEV, SC(SYS_unlink, "none")), false);
    answer(SYS_close, SECCOMP_RET_ERRNO | EBADF, 0);
    log_refused_close(fd, FAILS(EBADF, SC(SYS_close, fd)));
    answer(SYS_setuid, SECCOMP_RET_ERRNO | EAGAIN, 0);
    ev(&l, "user.setuid", "setuid", FAILS(EAGAIN, SC(SYS_setuid, 7)));
    a_id(&l, "uid", 7), a_null(&l, "old_uid"), mark(&l, "old_uid:unreadable");
    no_duration(&l);
    ev_end(&l);
}

static volatile int trapped;
static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    trapped = info->si_syscall;
}

CASE(refused_with_a_signal)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    int fd = make_file("f", "text", 0644);
    CHECK(sigaction(SIGSYS, &action, NULL) == 0);
    answer(SYS_unlink, SECCOMP_RET_TRAP, 0);
    answer(SYS_close, SECCOMP_RET_TRAP, 0);
    answer(SYS_openat, SECCOMP_RET_TRAP, 0);
    /* the register holds the call's own number, which is no result */
    CHECK(SC(SYS_unlink, "f") == SYS_unlink);
    CHECK(trapped == SYS_unlink);
    log_removal("unlink", "f", NO_RESULT, false);
    CHECK(SC(SYS_close, fd) == SYS_close);
    log_refused_close(fd, NO_RESULT);
    CHECK(SC(SYS_openat, AT_FDCWD, "f", O_RDONLY) == SYS_openat);
    log_open("f", NO_RESULT);
    OK(do_mkdir("d", 0755));
}

static void killed_thread(void)
{
    struct who me;
    who_am_i(&me);
    answer(SYS_unlink, SECCOMP_RET_KILL_THREAD, 0);
    log_exit(&me, SIGSYS, false, "false");
    SC(SYS_unlink, "f");
}

CASE(killed_by_a_filter)
{
    OK(do_close(make_file("f", "text", 0644)));
    int child = do_fork();
    if (child == 0) {
        struct who me;
        who_am_i(&me);
        answer(SYS_unlink, SECCOMP_RET_KILL_PROCESS, 0);
        if (kernel_since(5, 14)) /* before, the task dies inside the filter and no call returns */
            log_removal("unlink", "f", NO_RESULT, false);
        log_exit(&me, SIGSYS, false, "true");
        SC(SYS_unlink, "f");
    }
    int status = wait_for(child);
    CHECK(WTERMSIG(status) == SIGSYS);
    start_thread(killed_thread, 0); /* the other threads live on */
    join_thread(0);
    OK(do_close(OK(do_openat(AT_FDCWD, "f", F(O_RDONLY), 0))));
}

static int listener;
static void supervise(void)
{
    static struct seccomp_notif asked;
    static struct seccomp_notif_resp said;
    for (int i = 0; i < 2; i++) {
        memset(&asked, 0, sizeof asked);
        while (!__atomic_load_n(&listener, __ATOMIC_SEQ_CST))
            SC(SYS_sched_yield);
        OK(SC(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, &asked));
        said = (struct seccomp_notif_resp){.id = asked.id, .error = i ? 0 : -EBUSY, .flags = i ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
        OK(SC(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, &said));
    }
    exit_thread(0);
}

CASE(answered_by_a_supervisor)
{
    OK(do_close(make_file("f", "text", 0644)));
    start_thread(supervise, 0);
    listener = answer(SYS_unlink, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    log_removal("unlink", "f", FAILS(EBUSY, SC(SYS_unlink, "f")), false);
    OK(do_unlink("f")); /* let through: a call like any other */
    join_thread(0);
    OK(do_close(listener));
}

/* ---- a tracer ---- */

static void traced(const char *request, int pid, unsigned long addr, unsigned long data, long r)
{
    struct line l;
    ev(&l, "process.ptrace", "ptrace", r);
    a_str(&l, "request", request), a_int(&l, "pid", pid), a_hex(&l, "addr", addr), a_hex(&l, "data", data);
    ev_end(&l);
}
#define PTRACE(request, pid, addr, data) traced(#request, pid, addr, data, OK(SC(SYS_ptrace, request, pid, addr, data)))
#define ORIG_RAX (15 * 8UL)

CASE(changed_by_a_tracer)
{
    struct line l;
    struct who me;
    int child = do_fork();
    if (child == 0) {
        PTRACE(PTRACE_TRACEME, 0, 0, 0);
        who_am_i(&me);
        long stopped = SC(SYS_kill, me.pid, SIGSTOP);
        long first = SC(SYS_unlink, "none"), second = SC(SYS_unlink, "none"), third = SC(SYS_unlink, "none");
        ev(&l, "process.kill", "kill", OK(stopped));
        a_int(&l, "pid", me.pid), a_null(&l, "tgid"), a_str(&l, "sig", "SIGSTOP"), a_str(&l, "target_comm", me.comm);
        ev_end(&l);
        log_removal("rmdir", "none", FAILS(ENOENT, first), true); /* the call that was made in the end */
        FAILS(ENOSYS, second);                                   /* no call at all */
        log_removal("unlink", "none", FAILS(ENOSYS, third), false); /* not made; the program saw ENOSYS */
        exit_group(0);
    }
    CHECK(WIFSTOPPED(wait_for(child)));
    PTRACE(PTRACE_SYSCALL, child, 0, 0);
    wait_for(child);
    PTRACE(PTRACE_POKEUSER, child, ORIG_RAX, (unsigned long)SYS_rmdir);
    PTRACE(PTRACE_SYSCALL, child, 0, 0);
    wait_for(child);
    PTRACE(PTRACE_SYSCALL, child, 0, 0);
    wait_for(child);
    PTRACE(PTRACE_POKEUSER, child, ORIG_RAX, ~0UL);
    PTRACE(PTRACE_SYSCALL, child, 0, 0);
    wait_for(child);
    PTRACE(PTRACE_SYSEMU, child, 0, 0);
    wait_for(child);
    PTRACE(PTRACE_DETACH, child, 0, 0);
    wait_for(child);
}

/* ---- signals ---- */

static int fed_pipe[2];
static volatile bool was_waiting;
extern char waiting_read[];
long raw_waiting_read(int fd, void *buffer, long n); /* its instruction's address is known */
__asm__(".globl raw_waiting_read, waiting_read\nraw_waiting_read:\n xor %eax,%eax\nwaiting_read: syscall\n ret\n");

static void feed(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    /* interrupted, and to be made again: the kernel has set the program back to the instruction */
    was_waiting = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] == (long)waiting_read;
    OK(SC(SYS_write, fed_pipe[1], "x", 1));
}

CASE(restarted)
{
    struct sigaction action = {.sa_sigaction = feed, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerval once = {{0, 0}, {0, 20011}};
    unsigned long count = 1;
    struct stat st;
    char byte;
    OK(do_pipe(fed_pipe));
    OK(do_fstat(fed_pipe[0], &st));
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    SC(SYS_setitimer, 0, &once, 0);
    long r = OK(raw_waiting_read(fed_pipe[0], &byte, 1));
    if (was_waiting)
        log_io_of(&st, "file.read", "read", fed_pipe[0], &count, NULL, -512);
    log_io_of(&st, "file.write", "write", fed_pipe[1], &count, NULL, 1);
    log_io_of(&st, "file.read", "read", fed_pipe[0], &count, NULL, r); /* the restart: an event of its own */
    OK(do_close(fed_pipe[0])), OK(do_close(fed_pipe[1]));
}

/* until the task is inside the call: /proc tells it by its number */
static void wait_inside(int pid, long nr)
{
    char name[64], said[64];
    for (;;) {
        snprintf(name, sizeof name, "/proc/%d/syscall", pid);
        int fd = OK(do_openat(AT_FDCWD, name, F(O_RDONLY), 0));
        long n = OK(do_read(fd, said, sizeof said - 1));
        OK(do_close(fd));
        said[n < 0 ? 0 : n] = 0;
        if (said[0] != 'r' && atol(said) == nr)
            return;
        SC(SYS_nanosleep, ((long[2]){0, 1000003}), 0);
    }
}

CASE(killed_inside_a_call)
{
    struct sockaddr_un nobody = {.sun_family = AF_UNIX};
    unsigned long count = 1;
    struct line l;
    struct stat st;
    struct who me;
    int pair[2], child;
    char byte;
    OK(do_pipe(pair));
    child = do_fork();
    if (child == 0) {
        OK(do_fstat(pair[0], &st));
        log_io_of(&st, "file.read", "read", pair[0], &count, NULL, -512);
        who_am_i(&me);
        log_exit(&me, SIGKILL, false, "true");
        for (;;)
            SC(SYS_read, pair[0], &byte, 1);
    }
    wait_inside(child, SYS_read);
    who_am_i(&me);
    OK(do_kill(child, SIGKILL, "SIGKILL", me.comm));
    wait_for(child);
    child = do_fork();
    if (child == 0) {
        int fd = OK(SC(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
        ev(&l, "network.bind", "bind", OK(SC(SYS_bind, fd, &nobody, 2)));
        a_int(&l, "fd", fd), a_int(&l, "addr_len", 2), a_str(&l, "family", "AF_UNIX"), a_null(&l, "port"), a_str(&l, "addr", ""), a_null(&l, "protocol");
        ev_end(&l);
        OK(SC(SYS_listen, fd, 1));
        ev(&l, "network.accept", "accept", -512);
        a_int(&l, "fd", fd);
        for (const char *const *name = (const char *const[]){"newfd", "addr_len", "family", "port", "addr", "flags", "local_addr", "local_port", "protocol", NULL}; *name; name++)
            a_null(&l, *name);
        ev_end(&l);
        who_am_i(&me);
        log_exit(&me, SIGTERM, false, "true");
        SC(SYS_accept, fd, 0, 0);
    }
    wait_inside(child, SYS_accept);
    OK(do_kill(child, SIGTERM, "SIGTERM", me.comm));
    wait_for(child);
    OK(do_close(pair[0])), OK(do_close(pair[1]));
}

/* ---- io_uring ---- */

static char *ring_part(int fd, size_t n, long off)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    long at = OK(SC(SYS_mmap, 0, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, off));
    ev(&l, "process.mmap", "mmap", at);
    a_hex(&l, "addr", 0), a_uint(&l, "len", n), a_flags(&l, "prot", "PROT_READ|PROT_WRITE"), a_flags(&l, "flags", "MAP_SHARED|MAP_POPULATE"), a_int(&l, "fd", fd), a_int(&l, "off", off), a_path(&l, "path", &path);
    ev_end(&l);
    return (char *)at;
}

CASE(by_io_uring)
{
    /* operations that are no calls: none of them is an event, all of them are counted */
    static struct io_uring_params is;
    int pair[2], fd = SC(SYS_io_uring_setup, 16, &is);
    OK(do_pipe(pair));
    if (fd < 0)
        return; /* forbidden here */
    OK(do_write(pair[1], "x", 1));
    char *ring = ring_part(fd, is.sq_off.array + is.sq_entries * 4, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entries = (struct io_uring_sqe *)ring_part(fd, is.sq_entries * sizeof *entries, IORING_OFF_SQES);
    static const unsigned char operations[] = {IORING_OP_NOP, IORING_OP_NOP, IORING_OP_NOP} /* what may wait is given to a thread of the kernel's */;
    for (unsigned i = 0; i < sizeof operations; i++) {
        entries[i] = (struct io_uring_sqe){.opcode = operations[i], .user_data = i};
        ((unsigned *)(ring + is.sq_off.array))[i] = i;
    }
    __atomic_store_n((unsigned *)(ring + is.sq_off.tail), sizeof operations, __ATOMIC_SEQ_CST);
    CHECK(SC(SYS_io_uring_enter, fd, sizeof operations, sizeof operations, IORING_ENTER_GETEVENTS, 0, 0) == sizeof operations);
    OK(do_close(fd)), OK(do_close(pair[0])), OK(do_close(pair[1]));
}

/* ---- the 32-bit gate ---- */

static long gate(long n, long a, long b, long c)
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c), "S"(0L), "D"(0L) : "memory", "r8", "r9", "r10", "r11");
    return (int)r;
}

static char *low_memory(void)
{
    struct line l;
    long at = OK(SC(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    ev(&l, "process.mmap", "mmap", at);
    a_hex(&l, "addr", 0), a_uint(&l, "len", 4096), a_flags(&l, "prot", "PROT_READ|PROT_WRITE"), a_flags(&l, "flags", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_32BIT"), a_int(&l, "fd", -1), a_int(&l, "off", 0), a_null(&l, "path");
    ev_end(&l);
    return (char *)at;
}

CASE(by_the_32_bit_gate)
{
    /* numbers of the other table, each of which is an event's by the 64-bit one: 5 is fstat, 6 lstat, 10 mprotect, 20 writev ... */
    char *one = low_memory(), *two = one + 64, buffer[8];
    strcpy(one, "one"), strcpy(two, "two");
    OK(do_mkdir("one", 0755));
    int fd = make_file("one/f", "12345", 0644);
    for (int i = 0; i < 7; i++)
        CHECK(gate(6 /* close */, 777, 0, 0) == -EBADF);
    CHECK(gate(10 /* unlink */, (long)"x", 0, 0) < 0);
    CHECK(gate(2000, 0, 0, 0) == -ENOSYS);
    CHECK(gate(1024 + 15, 777, 0, 0) == -ENOSYS); /* past the end: no chmod (15) is counted */
    OK(do_read(fd, buffer, 1));
    CHECK(gate(38 /* rename */, (long)one, (long)two, 0) == 0); /* not decoded, yet names have moved */
    OK(do_read(fd, buffer, 1));
    OK(do_close(fd));
    FAILS(ENOENT, do_unlink("none"));
}

CASE(scripts_by_the_32_bit_gate)
{
    /* where a 32-bit call's descriptor leads is not looked at: never the working directory instead of it */
    char *at = low_memory(), text[128], name[32];
    unsigned *few = (unsigned *)(at + 64);
    strcpy(at, "s"), few[0] = (unsigned)(long)at;
    OK(do_mkdir("scripts", 0755));
    snprintf(text, sizeof text, "#!%s\n", helper_path);
    OK(do_close(make_file("scripts/s", text, 0755)));
    int directory = OK(do_openat(AT_FDCWD, "scripts", F(O_RDONLY|O_DIRECTORY), 0));
    int child = do_fork();
    if (child == 0) {
        struct who who;
        struct line l;
        struct text cwd;
        who_am_i(&who);
        snprintf(who.comm, sizeof who.comm, "s");
        snprintf(name, sizeof name, "/dev/fd/%d/s", directory);
        cwd_path(&cwd);
        ev_as(&l, &who, "process.exec", "execveat", 0);
        a_str(&l, "filename", "s"), a_null(&l, "path"), mark(&l, "path:unreadable"), a_str(&l, "interpreter", helper_path), a_int(&l, "old_pid", who.tid);
        a_int(&l, "dirfd", directory), a_flags(&l, "flags", "0"), a_strings(&l, "argv", ((char *[]){helper_path, name, NULL})), a_path(&l, "cwd", &cwd);
        abi(&l, "i386");
        ev_end(&l);
        log_exit(&who, W_EXITCODE(HELPER_STATUS, 0), false, "true");
        gate(358 /* execveat */, directory, (long)at, (long)few);
    }
    CHECK(wait_for(child) == W_EXITCODE(HELPER_STATUS, 0));
    OK(do_close(directory));
}

CASE(programs_of_32_bits)
{
    struct who who;
    if (!*helper32_path) {
        FAILS(ENOENT, do_unlink("no 32-bit compiler here"));
        return;
    }
    /* 64 → 32 → 32 by execve → 32 by execveat → 64 */
    char *first[] = {"first", helper32_path, helper32_path, helper_path, NULL};
    struct exec steps[] = {
        {.call = "execve", .dirfd = AT_FDCWD, .filename = helper32_path, .argv = first, .comm = "helper32"},
        {.call = "execve", .dirfd = AT_FDCWD, .filename = helper32_path, .argv = first + 1, .comm = "helper32"},
        {.call = "execve", .dirfd = AT_FDCWD, .filename = helper32_path, .argv = first + 2, .comm = "helper32"},
        {.call = "execve", .dirfd = AT_FDCWD, .filename = helper_path, .argv = first + 3, .comm = "helper"},
    };
    int child = do_fork();
    if (child == 0) {
        who_am_i(&who);
        for (int i = 0; i < 4; i++) {
            snprintf(who.comm, sizeof who.comm, "%s", steps[i].comm);
            log_exec_as(&who, &steps[i], who.tid, i ? "i386" : NULL);
        }
        log_exit(&who, W_EXITCODE(HELPER_STATUS, 0), false, "true");
        SC(SYS_execve, helper32_path, first, &first[4]);
    }
    wait_for(child);
    /* execveat of the 32-bit table: helper32 takes it where its own name begins with a */
    char *second[] = {"at", helper_path, NULL};
    struct exec at[] = {
        {.call = "execve", .dirfd = AT_FDCWD, .filename = helper32_path, .argv = second, .comm = "helper32"},
        {.call = "execveat", .dirfd = AT_FDCWD, .filename = helper_path, .argv = second + 1, .flags_text = "0", .comm = "helper"},
    };
    child = do_fork();
    if (child == 0) {
        who_am_i(&who);
        for (int i = 0; i < 2; i++) {
            snprintf(who.comm, sizeof who.comm, "%s", at[i].comm);
            log_exec_as(&who, &at[i], who.tid, i ? "i386" : NULL);
        }
        log_exit(&who, W_EXITCODE(HELPER_STATUS, 0), false, "true");
        SC(SYS_execve, helper32_path, second, &second[2]);
    }
    wait_for(child);
}
