/* Processes: ends of every kind, programs started in every way. */
#include "workload.h"

#include <poll.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/prctl.h>

static void died(int child, int status)
{
    struct who who;
    who_am_i(&who);
    who.ppid = who.pid, who.pid = who.tid = child;
    log_exit(&who, status, WCOREDUMP(status), "true");
}

static void by_signal(int signal, const char *text)
{
    char comm[16];
    SC(SYS_prctl, PR_GET_NAME, comm);
    int child = do_fork();
    if (child == 0)
        for (;;)
            SC(SYS_pause);
    OK(do_kill(child, signal, text, comm));
    int status = wait_for(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal);
    died(child, status);
    FAILS(ESRCH, do_kill(child, 0, "0", NULL));
}

CASE(deaths)
{
    SC(SYS_prctl, PR_SET_NAME, "a name of 15 by");
    SC(SYS_setpriority, 0, 0, 7);
    by_signal(SIGKILL, "SIGKILL");
    by_signal(SIGTERM, "SIGTERM");
    by_signal(SIGSEGV, "SIGSEGV");
    by_signal(SIGRTMIN + 2, "SIGRTMIN+2");
    for (int code = 0; code <= 511; code += 73) {
        int child = do_fork();
        if (child == 0)
            exit_group(code);
        CHECK(WEXITSTATUS(wait_for(child)) == (code & 255));
    }
    int child = do_fork();
    if (child == 0)
        *(volatile int *)16 = 1;
    died(child, wait_for(child));
}

CASE(names_of_tasks)
{
    SC(SYS_prctl, PR_SET_NAME, "\033[31m\"x\"");
    FAILS(EBADF, do_close(-1));
    SC(SYS_prctl, PR_SET_NAME, "");
    FAILS(EBADF, do_close(-1));
    SC(SYS_prctl, PR_SET_NAME, "\xc3\xa4\xf0\x9f\x90\xa7");
    FAILS(EBADF, do_close(-1));
}

static void thread_body(void)
{
    SC(SYS_prctl, PR_SET_NAME, "a thread");
    FAILS(EBADF, do_close(-1));
    int fd = make_file("by a thread", "text", 0600);
    OK(do_close(fd));
    exit_thread(9);
}

static void waiting_body(void)
{
    for (;;)
        SC(SYS_pause);
}

CASE(threads)
{
    struct who me;
    start_thread(thread_body, 0);
    join_thread(0);
    start_thread(thread_body, 1);
    join_thread(1);
    int child = do_fork();
    if (child == 0) { /* a thread swept away by exit_group carries the group's code */
        start_thread(waiting_body, 0);
        who_am_i(&me);
        log_exit(&me, W_EXITCODE(33, 0), false, "{\"any\":true}");
        me.tid = thread_tid(0);
        log_exit(&me, W_EXITCODE(33, 0), false, "{\"any\":true}");
        SC(SYS_exit_group, 33);
    }
    wait_for(child);
}

static char *plain[] = {"argv zero", "two words", "", "\xc3\xa4", NULL};

static int ready; /* the leader has written down all that it will do */

static void exec_body(void)
{
    while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
        SC(SYS_sched_yield);
    struct who who;
    struct exec e = {.call = "execve", .dirfd = AT_FDCWD, .filename = helper_path, .argv = plain, .comm = "helper"};
    int old = SC(SYS_gettid);
    who_am_i(&who);
    who.tid = who.pid;
    log_exit(&who, 0, false, "false"); /* the leader, replaced */
    strcpy(who.comm, "helper");
    log_exec(&who, &e, old);
    log_exit(&who, W_EXITCODE(HELPER_STATUS, 0), false, "true");
    SC(SYS_execve, helper_path, plain, &plain[4]);
}

CASE(exec_from_a_thread)
{
    int child = do_fork();
    if (child == 0) {
        start_thread(exec_body, 0);
        __atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
        for (;;)
            SC(SYS_pause);
    }
    CHECK(wait_for(child) == W_EXITCODE(HELPER_STATUS, 0));
}

CASE(programs)
{
    char text[PATH_MAX + 16], script[PATH_MAX], inner[PATH_MAX], cwd[PATH_MAX], dev_fd[64];
    SC(SYS_getcwd, cwd, sizeof cwd);
    snprintf(script, sizeof script, "%.3000s/script", cwd);
    snprintf(inner, sizeof inner, "%.3000s/inner", cwd);
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = helper_path, .argv = plain, .comm = "helper"});
    OK(SC(SYS_symlink, helper_path, "link"));
    struct line l;
    struct text path;
    joined(&path, AT_FDCWD, "link");
    ev(&l, "file.symlink", "symlink", 0);
    a_str(&l, "oldname", helper_path), a_null(&l, "newdirfd"), a_str(&l, "newname", "link"), a_path(&l, "newpath", &path);
    ev_end(&l);
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "./link", .argv = plain, .path = helper_path, .comm = "link"});
    do_exec(&(struct exec){.call = "execveat", .dirfd = AT_FDCWD, .filename = "link", .argv = plain, .flags = 0, .flags_text = "0", .path = helper_path, .comm = "link"});
    /* a script, a script of a script, each with an argument */
    snprintf(text, sizeof text, "#!%s one two\n", helper_path);
    OK(do_close(make_file("inner", text, 0755)));
    snprintf(text, sizeof text, "#!%s -x\n", inner);
    OK(do_close(make_file("script", text, 0755)));
    char *seen_inner[] = {helper_path, "one two", "./inner", "two words", "", "\xc3\xa4", NULL};
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "./inner", .argv = plain, .seen = seen_inner, .interpreter = helper_path, .comm = "inner"});
    char *seen[] = {helper_path, "one two", inner, "-x", script, "two words", "", "\xc3\xa4", NULL};
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = script, .argv = plain, .seen = seen, .interpreter = helper_path, .comm = "script"});
    /* by a descriptor */
    int dir = OK(do_openat(AT_FDCWD, ".", F(O_RDONLY|O_PATH|O_DIRECTORY), 0));
    do_exec(&(struct exec){.call = "execveat", .dirfd = dir, .filename = "link", .argv = plain, .flags = 0, .flags_text = "0", .path = helper_path, .comm = "link"});
    snprintf(dev_fd, sizeof dev_fd, "/dev/fd/%d/inner", dir);
    seen_inner[2] = dev_fd;
    do_exec(&(struct exec){.call = "execveat", .dirfd = dir, .filename = "inner", .argv = plain, .flags = 0, .flags_text = "0", .seen = seen_inner, .interpreter = helper_path, .comm = "inner"});
    FAILS(ENOENT, make_exec(&(struct exec){.call = "execveat", .dirfd = dir, .filename = "none", .argv = plain, .flags = 0, .flags_text = "0"}));
    FAILS(ELOOP, make_exec(&(struct exec){.call = "execveat", .dirfd = dir, .filename = "link", .argv = plain, .flags = AT_SYMLINK_NOFOLLOW, .flags_text = "AT_SYMLINK_NOFOLLOW"}));
    OK(do_close(dir));
    /* failures */
    FAILS(ENOENT, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "no/such", .argv = plain}));
    FAILS(EACCES, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = ".", .argv = plain}));
    OK(do_close(make_file("empty", "", 0755)));
    FAILS(ENOEXEC, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "empty", .argv = plain}));
    OK(do_close(make_file("orphan", "#!/no/such/interpreter\n", 0755)));
    FAILS(ENOENT, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "orphan", .argv = plain}));
    OK(do_close(make_file("plain", "text", 0644)));
    FAILS(EACCES, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "plain", .argv = plain}));
}

static void traced(const char *request, int pid, unsigned long addr, unsigned long data, long r)
{
    struct line l;
    ev(&l, "process.ptrace", "ptrace", r);
    a_str(&l, "request", request), a_int(&l, "pid", pid), a_hex(&l, "addr", addr), a_hex(&l, "data", data);
    ev_end(&l);
}
#define PTRACE(request, pid, addr, data) traced(#request, pid, addr, data, OK(SC(SYS_ptrace, request, pid, addr, data)))

CASE(tracing)
{
    static long word;
    int child = do_fork();
    if (child == 0)
        for (;;)
            SC(SYS_pause);
    PTRACE(PTRACE_ATTACH, child, 0, 0);
    CHECK(WIFSTOPPED(wait_for(child)));
    PTRACE(PTRACE_PEEKDATA, child, (unsigned long)&word, (unsigned long)&word);
    PTRACE(PTRACE_DETACH, child, 0, SIGKILL);
    died(child, wait_for(child));
    child = do_fork();
    if (child == 0) {
        PTRACE(PTRACE_TRACEME, 0, 0, 0);
        exit_group(5);
    }
    CHECK(WEXITSTATUS(wait_for(child)) == 5);
}

CASE(signals_to_others)
{
    struct who me;
    struct line l;
    who_am_i(&me);
    SC(SYS_setpgid, 0, 0);
    SC(SYS_rt_sigaction, SIGUSR1, (long[4]){(long)SIG_IGN}, 0, 8);
    int child = do_fork();
    if (child == 0)
        for (;;)
            SC(SYS_pause);
    OK(do_kill(0, SIGUSR1, "SIGUSR1", NULL));
    OK(do_kill(-me.pid, SIGUSR1, "SIGUSR1", NULL));
    FAILS(EINVAL, do_kill(child, 65, "0x41", me.comm));
    int pidfd = OK(SC(SYS_pidfd_open, child, 0));
    long r = OK(SC(SYS_pidfd_send_signal, pidfd, SIGKILL, 0, 0));
    ev(&l, "process.kill", "pidfd_send_signal", r);
    a_int(&l, "pid", child), a_null(&l, "tgid"), a_str(&l, "sig", "SIGKILL"), a_str(&l, "target_comm", me.comm);
    ev_end(&l);
    died(child, wait_for(child));
    r = FAILS(ESRCH, SC(SYS_tgkill, me.pid, child, SIGTERM));
    ev(&l, "process.kill", "tgkill", r);
    a_int(&l, "pid", child), a_int(&l, "tgid", me.pid), a_str(&l, "sig", "SIGTERM"), a_null(&l, "target_comm");
    ev_end(&l);
    OK(do_close(pidfd));
}

static void by_pidfd(int pidfd, unsigned flags, int pid, const char *comm, long result)
{
    struct line l;
    long r = SC(SYS_pidfd_send_signal, pidfd, SIGUSR1, 0, flags);
    CHECK(r == result);
    ev(&l, "process.kill", "pidfd_send_signal", r);
    pid ? a_int(&l, "pid", pid) : a_null(&l, "pid");
    a_null(&l, "tgid"), a_str(&l, "sig", "SIGUSR1"), a_str(&l, "target_comm", comm);
    ev_end(&l);
}

CASE(signals_by_what_stands_for_a_process)
{
    struct who me;
    char name[32];
    who_am_i(&me);
    SC(SYS_setpgid, 0, 0);
    SC(SYS_rt_sigaction, SIGUSR1, (long[4]){(long)SIG_IGN}, 0, 8);
    int pidfd = OK(SC(SYS_pidfd_open, me.pid, 0));
    by_pidfd(pidfd, 0, me.pid, me.comm, 0);
    bool flags = kernel_since(6, 9), self = kernel_since(6, 17);
    by_pidfd(pidfd, 4 /* PIDFD_SIGNAL_PROCESS_GROUP */, me.pid, NULL, flags ? 0 : -EINVAL);
    by_pidfd(-10000 /* PIDFD_SELF_THREAD */, 0, self ? me.pid : 0, self ? me.comm : NULL, self ? 0 : -EBADF);
    by_pidfd(-10001 /* PIDFD_SELF_THREAD_GROUP */, 0, self ? me.pid : 0, self ? me.comm : NULL, self ? 0 : -EBADF);
    snprintf(name, sizeof name, "%d", me.pid);
    int directory = OK(do_openat(proc_fd, name, F(O_RDONLY|O_DIRECTORY), 0)), path_only = OK(do_openat(proc_fd, name, F(O_RDONLY|O_DIRECTORY|O_PATH), 0));
    by_pidfd(directory, 0, me.pid, me.comm, 0);
    by_pidfd(path_only, 0, 0, NULL, -EBADF);
    strcat(name, "/fd");
    int below = OK(do_openat(proc_fd, name, F(O_RDONLY|O_DIRECTORY), 0));
    by_pidfd(below, 0, 0, NULL, -EBADF);
    by_pidfd(proc_fd, 0, 0, NULL, -EBADF);
    OK(do_close(below)), OK(do_close(path_only)), OK(do_close(directory)), OK(do_close(pidfd));
}

CASE(dropped_ids)
{
    struct line l;
    OK(do_mkdir("mine", 0700));
    ev(&l, "user.setgid", "setgid", OK(SC(SYS_setgid, 54321)));
    a_id(&l, "gid", 54321), a_id(&l, "old_gid", 0);
    ev_end(&l);
    ev(&l, "user.setresuid", "setresuid", OK(SC(SYS_setresuid, -1L, 12345, 0xabc00000000UL | 12345)));
    a_id(&l, "ruid", -1), a_id(&l, "euid", 12345), a_id(&l, "suid", 12345), a_id(&l, "old_ruid", 0), a_id(&l, "old_euid", 0), a_id(&l, "old_suid", 0);
    ev_end(&l);
    FAILS(EACCES, do_chdir("mine"));
    FAILS(EACCES, do_openat(AT_FDCWD, "mine/x", F(O_RDONLY), 0));
    ev(&l, "user.setuid", "setuid", FAILS(EPERM, SC(SYS_setuid, 1)));
    a_id(&l, "uid", 1), a_id(&l, "old_uid", 12345);
    ev_end(&l);
    ev(&l, "user.setregid", "setregid", FAILS(EPERM, SC(SYS_setregid, 7, -1L)));
    a_id(&l, "rgid", 7), a_id(&l, "egid", -1), a_id(&l, "old_rgid", 54321), a_id(&l, "old_egid", 54321);
    ev_end(&l);
}

CASE(untouched_pages)
{
    /* names in pages that the child has not touched since its birth: the call itself brings them in */
    static char pages[3][4096] __attribute__((aligned(4096)));
    struct line l;
    struct text path;
    strcpy(pages[1], "no/such/file");
    int child = do_fork();
    if (child == 0) {
        long r = FAILS(ENOENT, SC(SYS_unlink, pages[1]));
        joined(&path, AT_FDCWD, "no/such/file");
        ev(&l, "file.delete", "unlink", r);
        a_null(&l, "dirfd"), a_str(&l, "filename", "no/such/file"), a_path(&l, "path", &path), a_null(&l, "flags");
        ev_end(&l);
        exit_group(0);
    }
    wait_for(child);
}

CASE(sibling)
{
    /* CLONE_PARENT: the child's parent is the caller's */
    struct who me;
    struct line l;
    who_am_i(&me);
    long r = SC(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (r == 0) {
        FAILS(EBADF, do_close(-1));
        exit_group(3);
    }
    OK(r);
    ev(&l, "process.fork", NULL, NO_RESULT);
    a_int(&l, "parent_pid", me.ppid), a_any(&l, "parent_comm");
    a_int(&l, "child_pid", r), a_int(&l, "child_tid", r), a_str(&l, "child_comm", me.comm), a_bool(&l, "thread", false);
    ev_end(&l);
    ev(&l, "process.clone", "clone", r);
    a_flags(&l, "clone_flags", "CLONE_PARENT"), a_str(&l, "exit_signal", "SIGCHLD");
    a_hex(&l, "newsp", 0), a_hex(&l, "tls", 0), a_hex(&l, "parent_tidptr", 0), a_hex(&l, "child_tidptr", 0);
    a_int(&l, "child_tid", r);
    ev_end(&l);
    r = FAILS(EINVAL, SC(SYS_clone, CLONE_THREAD | SIGCHLD, 0x1000, 0x2000, 0x3000, 0x4000));
    ev(&l, "process.clone", "clone", r);
    a_flags(&l, "clone_flags", "CLONE_THREAD"), a_str(&l, "exit_signal", "SIGCHLD");
    a_hex(&l, "newsp", 0x1000), a_hex(&l, "tls", 0x4000), a_hex(&l, "parent_tidptr", 0x2000), a_hex(&l, "child_tidptr", 0x3000);
    a_null(&l, "child_tid");
    ev_end(&l);
}

CASE(orphans)
{
    /* the parent is gone: its reaper is the parent then */
    int pair[2], child;
    OK(do_pipe(pair));
    child = do_fork();
    if (child == 0) {
        int middle = SC(SYS_getpid);
        if (do_fork() == 0) {
            while (SC(SYS_getppid) == middle)
                SC(SYS_sched_yield);
            FAILS(EBADF, do_close(-1));
            OK(do_close(pair[0]));
            exit_group(4);
        }
        exit_group(0);
    }
    wait_for(child);
    OK(do_close(pair[1]));
    struct pollfd end = {.fd = pair[0]};
    SC(SYS_poll, &end, 1, -1); /* hung up: the orphan has ended, or is about to */
    OK(do_close(pair[0]));
}
