/* Tasks: how they begin and end, and which numbers they go by. */
#include "workload.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

static void of_child(struct who *who, int child)
{
    who_am_i(who);
    who->ppid = who->pid, who->pid = who->tid = child;
}

CASE(core_dumps)
{
    /* whether a core is written is the machine's affair; wait4 tells */
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct who who;
    int child = do_fork();
    if (child == 0) {
        SC(SYS_prctl, PR_SET_DUMPABLE, 1);
        SC(SYS_setrlimit, RLIMIT_CORE, &all);
        for (;;)
            *(volatile int *)16 = 1;
    }
    int status = wait_for(child);
    CHECK(WTERMSIG(status) == SIGSEGV);
    of_child(&who, child);
    log_exit(&who, status, WCOREDUMP(status), "true");
}

static void last_thread(void)
{
    struct who me;
    char name[64];
    who_am_i(&me);
    /* the leader is a zombie as soon as its exit is done: it has no working directory then */
    snprintf(name, sizeof name, "%d/task/%d/cwd", me.pid, me.pid);
    char text[16];
    while (SC(SYS_readlinkat, proc_fd, name, text, sizeof text) >= 0)
        SC(SYS_sched_yield);
    FAILS(EBADF, do_close(-1));
    log_exit(&me, W_EXITCODE(6, 0), false, "true");
    SC(SYS_exit, 6);
}

CASE(leader_ends_first)
{
    int child = do_fork();
    if (child == 0) {
        start_thread(last_thread, 0);
        exit_thread(5);
    }
    /* the process's status: of its last thread since 5.17, of its leader before */
    CHECK(wait_for(child) == W_EXITCODE(kernel_since(5, 17) ? 6 : 5, 0));
}

static void short_thread(void) { exit_thread(3); }

CASE(ends_close_together)
{
    /* a thread is joined as soon as it has let go of its memory; its end is told after that, perhaps after its process's */
    for (int i = 0; i < 197; i++) {
        int child = do_fork();
        if (child == 0) {
            start_thread(short_thread, 0);
            join_thread(0);
            exit_group(4);
        }
        CHECK(wait_for(child) == W_EXITCODE(4, 0));
    }
}

static void forking_thread(void)
{
    int child = do_fork();
    if (child == 0)
        exit_group(8);
    CHECK(wait_for(child) == W_EXITCODE(8, 0));
    exit_thread(0);
}

CASE(fork_in_a_thread)
{
    start_thread(forking_thread, 0);
    join_thread(0);
}

long raw_vfork(void); /* the return address is kept in a register: the child uses the same stack */
__asm__(".globl raw_vfork\nraw_vfork:\n pop %rdi\n mov $58,%eax\n syscall\n push %rdi\n ret\n");

CASE(vforks)
{
    static char *argv[] = {"v", NULL}, *environment[] = {NULL};
    struct exec e = {.call = "execve", .dirfd = AT_FDCWD, .filename = helper_path, .argv = argv, .comm = "helper"};
    struct who who, me;
    struct line l;
    for (int round = 0; round < 3; round++) {
        who_am_i(&me);
        volatile long child = raw_vfork();
        if (child == 0) {
            SC(SYS_execve, helper_path, argv, environment);
            SC(SYS_exit_group, 99);
        }
        ev(&l, "process.fork", NULL, NO_RESULT);
        a_int(&l, "parent_pid", me.pid), a_str(&l, "parent_comm", me.comm);
        a_int(&l, "child_pid", child), a_int(&l, "child_tid", child), a_str(&l, "child_comm", me.comm), a_bool(&l, "thread", false);
        ev_end(&l);
        ev(&l, "process.clone", "vfork", child);
        for (const char *const *name = (const char *const[]){"clone_flags", "exit_signal", "newsp", "tls", "parent_tidptr", "child_tidptr", NULL}; *name; name++)
            a_null(&l, *name);
        a_int(&l, "child_tid", child);
        ev_end(&l);
        of_child(&who, child);
        strcpy(who.comm, "helper");
        log_exec(&who, &e, child);
        log_exit(&who, wait_for(child), false, "true");
    }
}

/* ---- a pid namespace: the numbers that its tasks use are not those of the events ---- */

static void log_kill(const char *call, long pid, long tgid, const char *signal, const char *comm, long r)
{
    struct line l;
    ev(&l, "process.kill", call, r);
    pid ? a_int(&l, "pid", pid) : a_null(&l, "pid");
    tgid ? a_int(&l, "tgid", tgid) : a_null(&l, "tgid");
    a_str(&l, "sig", signal), a_str(&l, "target_comm", comm);
    ev_end(&l);
}

static void thread_inside(void)
{
    struct who me;
    announce();
    who_am_i(&me);
    SC(SYS_prctl, PR_SET_NAME, "thread inside");
    OK(SC(SYS_rt_sigaction, SIGUSR1, ((long[4]){(long)SIG_IGN}), 0, 8));
    log_kill("tgkill", SC(SYS_gettid), SC(SYS_getpid), "SIGUSR1", "thread inside", OK(SC(SYS_tgkill, SC(SYS_getpid), SC(SYS_gettid), SIGUSR1)));
    log_kill("tkill", SC(SYS_gettid), 0, "SIGUSR1", "thread inside", OK(SC(SYS_tkill, SC(SYS_gettid), SIGUSR1)));
    exit_thread(3);
}

static void sleep_named(const char *name)
{
    SC(SYS_prctl, PR_SET_NAME, name);
    announce();
    for (;;)
        SC(SYS_pause);
}

static void inside(int outsider)
{
    struct line l;
    struct who who;
    CHECK(SC(SYS_getpid) == 1 && SC(SYS_getppid) == 0);
    start_thread(thread_inside, 0);
    join_thread(0);
    long child = do_fork(); /* number 3 here */
    if (child == 0)
        sleep_named("sleeper inside");
    CHECK(child == 3);
    int known_as = announced();
    /* 3 is another process outside */
    OK(do_kill(child, 0, "0", "sleeper inside"));
    FAILS(ESRCH, do_kill(4, SIGKILL, "SIGKILL", NULL));
    int pidfd = OK(SC(SYS_pidfd_open, child, 0));
    log_kill("pidfd_send_signal", child, 0, "0", "sleeper inside", OK(SC(SYS_pidfd_send_signal, pidfd, 0, 0, 0)));
    /* a process of the namespace above has no number here */
    log_kill("pidfd_send_signal", 0, 0, "SIGKILL", "outsider", FAILS(EINVAL, SC(SYS_pidfd_send_signal, outsider, SIGKILL, 0, 0)));
    ev(&l, "process.ptrace", "ptrace", OK(SC(SYS_ptrace, PTRACE_ATTACH, child, 0, 0)));
    a_str(&l, "request", "PTRACE_ATTACH"), a_int(&l, "pid", child), a_hex(&l, "addr", 0), a_hex(&l, "data", 0);
    ev_end(&l);
    OK(do_kill(child, SIGKILL, "SIGKILL", "sleeper inside"));
    int status = wait_for(child);
    CHECK(WTERMSIG(status) == SIGKILL);
    of_child(&who, known_as);
    strcpy(who.comm, "sleeper inside");
    log_exit(&who, status, false, "true");
    OK(do_close(pidfd));
}

CASE(pid_namespace)
{
    int outsider = do_fork();
    if (outsider == 0)
        sleep_named("outsider");
    CHECK(announced() == outsider);
    int pidfd = OK(SC(SYS_pidfd_open, outsider, 0));
    OK(SC(SYS_unshare, CLONE_NEWPID));
    in_pid_namespace = true;
    struct who me;
    who_am_i(&me); /* not inside itself, only its children are */
    outer_parent = SC(SYS_getppid);
    int first = do_fork();
    if (first == 0) {
        inside(pidfd);
        exit_group(7);
    }
    CHECK(first > 1);
    CHECK(wait_for(first) == W_EXITCODE(7, 0));
    OK(do_kill(outsider, SIGKILL, "SIGKILL", "outsider"));
    struct who who;
    int status = wait_for(outsider);
    of_child(&who, outsider);
    strcpy(who.comm, "outsider");
    log_exit(&who, status, false, "true");
    OK(do_close(pidfd));
}

/* ---- a user namespace: arguments are the caller's numbers, all else is by the initial ones ---- */

static void write_map(const char *name, const char *text)
{
    struct line l;
    struct text path;
    int fd = OK(do_openat(AT_FDCWD, name, F(O_WRONLY), 0));
    fd_path(&path, fd);
    ev(&l, "file.write", "write", OK(SC(SYS_write, fd, text, strlen(text))));
    a_int(&l, "fd", fd), a_uint(&l, "count", strlen(text)), a_null(&l, "offset"), a_any(&l, "inode"), a_int(&l, "uid", 0), a_any(&l, "mode"), a_str(&l, "file_type", "regular"), a_path(&l, "filename", &path);
    ev_end(&l);
    OK(do_close(fd));
}

static void log_setuid(unsigned uid, long r)
{
    struct line l;
    ev(&l, "user.setuid", "setuid", r);
    a_id(&l, "uid", uid), a_id(&l, "old_uid", 0);
    ev_end(&l);
}

CASE(user_namespace)
{
    struct line l;
    SC(SYS_prctl, PR_SET_DUMPABLE, 1); /* its own files in /proc are to be its own */
    OK(SC(SYS_unshare, CLONE_NEWUSER));
    in_user_namespace = true;
    log_setuid(0, FAILS(EINVAL, SC(SYS_setuid, 0))); /* nobody is mapped yet */
    write_map("/proc/self/setgroups", "deny");
    write_map("/proc/self/uid_map", "1000 0 1");
    write_map("/proc/self/gid_map", "1001 0 1");
    log_setuid(1000, OK(SC(SYS_setuid, 1000)));
    log_setuid(7, FAILS(EINVAL, SC(SYS_setuid, 7)));
    ev(&l, "user.setresgid", "setresgid", OK(SC(SYS_setresgid, 1001, -1L, 1001)));
    a_id(&l, "rgid", 1001), a_id(&l, "egid", -1), a_id(&l, "sgid", 1001), a_id(&l, "old_rgid", 0), a_id(&l, "old_egid", 0), a_id(&l, "old_sgid", 0);
    ev_end(&l);
}
