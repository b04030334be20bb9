/* The calls that cases are made of: each is made, then written down. */
#include "workload.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>

static void a_fd_result(struct line *l, const char *name, long r) { r < 0 ? a_null(l, name) : a_int(l, name, r); }

static void a_dirfd(struct line *l, int dirfd) { dirfd == AT_FDCWD ? a_str(l, "dirfd", "AT_FDCWD") : a_int(l, "dirfd", dirfd); }

long do_openat(int dirfd, const char *name, int flags, const char *text, unsigned mode)
{
    struct text path;
    struct line l;
    bool creates = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
    bool unnamed = (flags & O_TMPFILE) == O_TMPFILE && !(flags & O_PATH);
    bool existed = readable(name) && SC(SYS_faccessat, dirfd, name, F_OK) == 0 && !unnamed;
    joined(&path, dirfd, name);
    long r = SC(SYS_openat, dirfd, name, flags, mode);
    if (r >= 0)
        fd_path(&path, r);
    ev(&l, creates ? "file.create" : "file.open", "openat", r);
    a_dirfd(&l, dirfd);
    a_name(&l, "filename", name);
    a_path(&l, "path", &path);
    a_flags(&l, "flags", text);
    creates ? a_mode(&l, "mode", mode) : a_null(&l, "mode");
    a_null(&l, "resolve");
    if (creates)
        r < 0 ? a_null(&l, "created") : a_bool(&l, "created", !existed);
    a_fd_result(&l, "fd", r);
    ev_end(&l);
    return r;
}

long do_close(int fd)
{
    struct text path;
    struct line l;
    fd_path(&path, fd);
    long r = SC(SYS_close, fd);
    ev(&l, "file.close", "close", r);
    a_int(&l, "fd", fd);
    a_null(&l, "first"), a_null(&l, "last"), a_null(&l, "flags");
    a_path(&l, "path", &path);
    ev_end(&l);
    return r;
}

static void log_fstat(int fd, const struct stat *st, long r)
{
    struct text path;
    struct line l;
    fd_path(&path, fd);
    ev(&l, "file.stat", "fstat", r);
    a_null(&l, "dirfd"), a_int(&l, "fd", fd), a_null(&l, "filename");
    a_path(&l, "path", &path);
    a_null(&l, "flags");
    if (r < 0) {
        for (const char *const *name = (const char *const[]){"mode", "file_type", "uid", "gid", "inode", "size", NULL}; *name; name++)
            a_null(&l, *name);
    } else {
        a_mode(&l, "mode", st->st_mode);
        a_str(&l, "file_type", type_name(st->st_mode));
        a_uint(&l, "uid", st->st_uid), a_uint(&l, "gid", st->st_gid), a_uint(&l, "inode", st->st_ino), a_int(&l, "size", st->st_size);
    }
    ev_end(&l);
}

long do_fstat(int fd, struct stat *st)
{
    long r = SC(SYS_fstat, fd, st);
    log_fstat(fd, st, r);
    return r;
}

static long named(const char *type, const char *call, long nr, const char *name, int mode, bool flags)
{
    struct text path;
    struct line l;
    joined(&path, AT_FDCWD, name);
    long r = SC(nr, name, mode);
    ev(&l, type, call, r);
    a_null(&l, "dirfd");
    a_name(&l, "filename", name);
    a_path(&l, "path", &path);
    if (nr == SYS_mkdir)
        a_mode(&l, "mode", mode);
    if (flags)
        a_null(&l, "flags");
    ev_end(&l);
    return r;
}
long do_unlink(const char *name) { return named("file.delete", "unlink", SYS_unlink, name, 0, true); }
long do_mkdir(const char *name, unsigned mode) { return named("file.mkdir", "mkdir", SYS_mkdir, name, mode, false); }
long do_rmdir(const char *name) { return named("file.rmdir", "rmdir", SYS_rmdir, name, 0, false); }

long do_chdir(const char *name)
{
    struct text path;
    struct line l;
    joined(&path, AT_FDCWD, name);
    long r = SC(SYS_chdir, name);
    if (r >= 0)
        cwd_path(&path);
    ev(&l, "file.chdir", "chdir", r);
    a_name(&l, "filename", name);
    a_null(&l, "fd");
    a_path(&l, "path", &path);
    ev_end(&l);
    return r;
}

long do_rename(const char *from, const char *to)
{
    struct text oldpath, newpath;
    struct line l;
    joined(&oldpath, AT_FDCWD, from), joined(&newpath, AT_FDCWD, to);
    long r = SC(SYS_rename, from, to);
    ev(&l, "file.rename", "rename", r);
    a_null(&l, "olddirfd"), a_name(&l, "oldname", from), a_path(&l, "oldpath", &oldpath);
    a_null(&l, "newdirfd"), a_name(&l, "newname", to), a_path(&l, "newpath", &newpath);
    a_null(&l, "flags");
    ev_end(&l);
    return r;
}

long do_pipe(int *pair)
{
    struct line l;
    long r = SC(SYS_pipe, pair);
    ev(&l, "process.pipe", "pipe", r);
    a_pair(&l, "fildes", r < 0 ? NULL : pair);
    a_null(&l, "flags");
    ev_end(&l);
    return r;
}

void log_io_of(const struct stat *st, const char *type, const char *call, int fd, const unsigned long *count, const long *offset, long r)
{
    struct text path;
    struct line l;
    fd_path(&path, fd);
    ev(&l, type, call, r);
    a_int(&l, "fd", fd);
    count ? a_uint(&l, "count", *count) : a_null(&l, "count");
    if (!count)
        mark(&l, "count:unreadable");
    offset ? a_int(&l, "offset", *offset) : a_null(&l, "offset");
    if (!st)
        a_null(&l, "inode"), a_null(&l, "uid"), a_null(&l, "mode"), a_null(&l, "file_type");
    else
        a_uint(&l, "inode", st->st_ino), a_uint(&l, "uid", st->st_uid), a_mode(&l, "mode", st->st_mode), a_str(&l, "file_type", type_name(st->st_mode));
    a_path(&l, "filename", &path);
    ev_end(&l);
}

void log_io(const char *type, const char *call, int fd, const unsigned long *count, const long *offset, long r)
{
    struct stat st;
    if (!is_open(fd)) {
        log_io_of(NULL, type, call, fd, count, offset, r);
        return;
    }
    long stated = OK(SC(SYS_fstat, fd, &st)); /* after the call: it must not be the first to see the file */
    log_io_of(&st, type, call, fd, count, offset, r);
    log_fstat(fd, &st, stated);
}

long do_read(int fd, void *buffer, size_t n)
{
    unsigned long count = n;
    long r = SC(SYS_read, fd, buffer, n);
    if (r == -EINTR) /* the kernel's own value; the program gets EINTR when the handler has run */
        r = -512;
    log_io("file.read", "read", fd, &count, NULL, r);
    return r;
}

long do_write(int fd, const void *buffer, size_t n)
{
    unsigned long count = n;
    long r = SC(SYS_write, fd, buffer, n);
    log_io("file.write", "write", fd, &count, NULL, r);
    return r;
}

int make_file(const char *name, const char *text, unsigned mode)
{
    int fd = OK(do_openat(AT_FDCWD, name, F(O_RDWR|O_CREAT), mode));
    if (*text)
        OK(do_write(fd, text, strlen(text)));
    return fd;
}

/* ---- processes ---- */

/* `child`: by the numbers of the initial pid namespace */
static void log_birth(int child, bool thread)
{
    struct who me;
    struct line l;
    who_am_i(&me);
    ev_as(&l, &me, "process.fork", NULL, NO_RESULT);
    a_int(&l, "parent_pid", me.pid), a_str(&l, "parent_comm", me.comm);
    a_int(&l, "child_pid", thread ? me.pid : child), a_int(&l, "child_tid", child), a_str(&l, "child_comm", me.comm);
    a_bool(&l, "thread", thread);
    ev_end(&l);
}

long do_fork(void)
{
    struct line l;
    struct who me;
    who_am_i(&me);
    long r = SC(SYS_fork);
    if (r == 0) {
        outer_parent = me.pid;
        if (in_pid_namespace)
            announce();
        return 0;
    }
    OK(r);
    int child = in_pid_namespace ? announced() : r;
    log_birth(child, false);
    ev(&l, "process.clone", "fork", r);
    for (const char *const *name = (const char *const[]){"clone_flags", "exit_signal", "newsp", "tls", "parent_tidptr", "child_tidptr", NULL}; *name; name++)
        a_null(&l, *name);
    a_int(&l, "child_tid", child);
    ev_end(&l);
    return r;
}

long raw_clone3(struct clone_args *args, size_t size);
__asm__(".globl raw_clone3\nraw_clone3:\n mov $435,%eax\n syscall\n test %rax,%rax\n jnz 1f\n xor %ebp,%ebp\n pop %rax\n call *%rax\n hlt\n1: ret\n");

#define SLOTS 2
static char stacks[SLOTS][256 << 10] __attribute__((aligned(16)));
static int tids[SLOTS], alive[SLOTS];

void start_thread(child_function *run, int slot)
{
    struct line l;
    child_function **top = (child_function **)(stacks[slot] + sizeof stacks[slot]) - 2;
    top[1] = run; /* popped with the stack aligned to 16 afterwards */
    struct clone_args args = {.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
                              .stack = (uintptr_t)stacks[slot], .stack_size = sizeof stacks[slot] - 8, .child_tid = (uintptr_t)&alive[slot]};
    alive[slot] = 1;
    long r = OK(raw_clone3(&args, sizeof args));
    tids[slot] = in_pid_namespace ? announced() : r;
    log_birth(tids[slot], true);
    ev(&l, "process.clone", "clone3", r);
    a_flags(&l, "clone_flags", "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_CHILD_CLEARTID");
    a_str(&l, "exit_signal", "0");
    a_hex(&l, "newsp", args.stack), a_hex(&l, "tls", 0), a_hex(&l, "parent_tidptr", 0), a_hex(&l, "child_tidptr", args.child_tid);
    a_int(&l, "child_tid", tids[slot]);
    ev_end(&l);
}

int thread_tid(int slot) { return tids[slot]; }

void join_thread(int slot)
{
    while (__atomic_load_n(&alive[slot], __ATOMIC_SEQ_CST))
        SC(SYS_futex, &alive[slot], FUTEX_WAIT, 1, 0);
}

void log_exit(const struct who *who, int status, bool core, const char *group_dead)
{
    struct line l;
    char name[32];
    ev_as(&l, who, "process.exit", NULL, NO_RESULT);
    WIFEXITED(status) ? a_int(&l, "exit_code", WEXITSTATUS(status)) : a_null(&l, "exit_code");
    if (WIFEXITED(status))
        a_null(&l, "signal");
    else {
        int number = WTERMSIG(status);
        number < 32 ? snprintf(name, sizeof name, "SIG%s", sigabbrev_np(number)) : snprintf(name, sizeof name, "SIGRTMIN+%d", number - 34);
        a_str(&l, "signal", name);
    }
    a_bool(&l, "core_dumped", core);
    a_int(&l, "prio", 140 - SC(SYS_getpriority, PRIO_PROCESS, 0));
    a_int(&l, "pid", who->tid), a_str(&l, "comm", who->comm);
    a_json(&l, "group_dead", group_dead);
    a_any(&l, "lifetime_ns");
    ev_end(&l);
}

_Noreturn static void leave(long nr, int status, const char *group_dead)
{
    struct who me;
    who_am_i(&me);
    log_exit(&me, W_EXITCODE(status & 0xff, 0), false, group_dead);
    SC(nr, status);
    __builtin_unreachable();
}
_Noreturn void exit_thread(int status) { leave(SYS_exit, status, "false"); }
_Noreturn void exit_group(int status) { leave(SYS_exit_group, status, "true"); }

int wait_for(int pid)
{
    int status = 0;
    OK(SC(SYS_wait4, pid, &status, __WALL, 0));
    return status;
}

long do_kill(int pid, int signal, const char *text, const char *target_comm)
{
    struct line l;
    long r = SC(SYS_kill, pid, signal);
    ev(&l, "process.kill", "kill", r);
    a_int(&l, "pid", pid), a_null(&l, "tgid"), a_str(&l, "sig", text), a_str(&l, "target_comm", target_comm);
    ev_end(&l);
    return r;
}

static void a_exec(struct line *l, const struct exec *e, int old_tid, char *const *argv)
{
    struct text path, cwd;
    cwd_path(&cwd);
    joined(&path, e->dirfd, e->filename);
    a_name(l, "filename", e->filename);
    e->path ? a_str(l, "path", e->path) : a_path(l, "path", &path);
    a_str(l, "interpreter", e->interpreter);
    a_int(l, "old_pid", old_tid);
    if (strcmp(e->call, "execveat"))
        a_null(l, "dirfd"), a_null(l, "flags");
    else
        a_dirfd(l, e->dirfd), a_flags(l, "flags", e->flags_text);
    a_strings(l, "argv", argv);
    a_path(l, "cwd", &cwd);
}

void log_exec(const struct who *who, const struct exec *e, int old_tid) { log_exec_as(who, e, old_tid, NULL); }

void log_exec_as(const struct who *who, const struct exec *e, int old_tid, const char *by)
{
    struct line l;
    ev_as(&l, who, "process.exec", e->call, 0);
    a_exec(&l, e, old_tid, e->seen ? e->seen : e->argv);
    abi(&l, by);
    ev_end(&l);
}

long make_exec(const struct exec *e)
{
    char *environment[] = {NULL};
    struct line l;
    long r = strcmp(e->call, "execveat") ? SC(SYS_execve, e->filename, e->argv, environment) : SC(SYS_execveat, e->dirfd, e->filename, e->argv, environment, e->flags);
    ev(&l, "process.exec", e->call, r);
    a_exec(&l, e, SC(SYS_gettid), e->argv);
    ev_end(&l);
    return r;
}

void do_exec(const struct exec *e)
{
    struct who who;
    long child = do_fork();
    if (child == 0) {
        make_exec(e);
        broken(__FILE__, __LINE__, e->filename, 0);
        SC(SYS_exit_group, 1);
    }
    who_am_i(&who);
    who.ppid = who.pid, who.pid = who.tid = child;
    snprintf(who.comm, sizeof who.comm, "%s", e->comm);
    log_exec(&who, e, child);
    int status = wait_for(child);
    CHECK(status == W_EXITCODE(HELPER_STATUS, 0));
    log_exit(&who, status, false, "true");
}
