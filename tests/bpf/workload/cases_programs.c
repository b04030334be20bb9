/* Programs: by descriptors, with arguments beyond every limit, and all the ways in which none is started. */
#include "workload.h"

#define MANY 6000
#define KEPT 8192 /* bytes of argv in a record */

static char *few[] = {"zero", "one", NULL};

/* what is left of argv in a record of so many bytes: the last string may be cut */
static void a_cut(struct line *l, char *const *strings, size_t room)
{
    static char *left[MANY + 1], last[KEPT];
    size_t used = 0;
    int i = 0;
    for (; strings[i] && used + strlen(strings[i]) + 1 <= room; i++)
        left[i] = strings[i], used += strlen(strings[i]) + 1;
    left[i] = NULL;
    if (strings[i] && used < room)
        snprintf(last, room - used + 1, "%s", strings[i]), left[i] = last, left[i + 1] = NULL;
    a_strings(l, "argv", left);
    mark(l, "argv:truncated");
}

static void exec_line(struct line *l, const struct who *who, const char *call, const char *filename, int old, long r)
{
    struct text path;
    joined(&path, AT_FDCWD, filename);
    ev_as(l, who, "process.exec", call, r);
    a_name(l, "filename", filename), a_path(l, "path", &path), a_null(l, "interpreter"), a_int(l, "old_pid", old), a_null(l, "dirfd"), a_null(l, "flags");
}

static void exec_end(struct line *l)
{
    struct text cwd;
    cwd_path(&cwd);
    a_path(l, "cwd", &cwd);
    ev_end(l);
}

static void succeeds_cut(char **argv)
{
    struct who who;
    struct line l;
    int child = do_fork();
    if (child == 0) {
        who_am_i(&who);
        strcpy(who.comm, "helper");
        exec_line(&l, &who, "execve", helper_path, who.tid, 0);
        a_cut(&l, argv, KEPT);
        exec_end(&l);
        log_exit(&who, W_EXITCODE(HELPER_STATUS, 0), false, "true");
        SC(SYS_execve, helper_path, argv, argv + MANY);
    }
    CHECK(wait_for(child) == W_EXITCODE(HELPER_STATUS, 0));
}

static void fails_cut(const char *filename, char **argv, int error, size_t room)
{
    struct who who;
    struct line l;
    long r = FAILS(error, SC(SYS_execve, filename, argv, 0));
    who_am_i(&who);
    exec_line(&l, &who, "execve", filename, who.tid, r);
    room ? a_cut(&l, argv, room) : a_strings(&l, "argv", argv);
    exec_end(&l);
}

CASE(many_arguments)
{
    static char *argv[MANY + 1], word[16] = "0123456789";
    static char huge[200 << 10];
    for (int i = 0; i < MANY; i++)
        argv[i] = word;
    succeeds_cut(argv);
    fails_cut("no/such", argv, ENOENT, KEPT);
    argv[KEPT / 11] = NULL; /* just as much as is kept */
    fails_cut("no/such", argv, ENOENT, 0);
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = helper_path, .argv = argv, .comm = "helper"});
    for (int i = 0; i < 4000; i++)
        argv[i] = "";
    argv[4000] = NULL;
    fails_cut("no/such", argv, ENOENT, 0);
    argv[4000] = argv[4001] = argv[4002] = word;
    for (int i = 4003; i < MANY; i++)
        argv[i] = "x";
    fails_cut("no/such", argv, ENOENT, 4000 + 3 * 11 + 2 * (4096 - 4003)); /* 4096 strings are as many as are looked at */
    /* one string beyond the limit of a string: nothing behind it */
    memset(huge, 'h', sizeof huge - 1);
    argv[0] = word, argv[1] = huge, argv[2] = word, argv[3] = NULL;
    fails_cut(helper_path, argv, E2BIG, 11 + 4095);
    argv[1] = "";
    fails_cut("no/such", argv, ENOENT, 0);
}

CASE(unreadable_arguments)
{
    struct who who;
    struct line l;
    char *hole[] = {"zero", BAD, "two", NULL};
    char *none[] = {NULL};
    who_am_i(&who);
    exec_line(&l, &who, "execve", helper_path, who.tid, FAILS(EFAULT, SC(SYS_execve, helper_path, hole, 0)));
    a_json(&l, "argv", "[\"zero\"]"), mark(&l, "argv:unreadable");
    exec_end(&l);
    exec_line(&l, &who, "execve", helper_path, who.tid, FAILS(EFAULT, SC(SYS_execve, helper_path, BAD, 0)));
    a_null(&l, "argv"), mark(&l, "argv:unreadable");
    exec_end(&l);
    exec_line(&l, &who, "execve", BAD, who.tid, FAILS(EFAULT, SC(SYS_execve, BAD, few, 0)));
    a_strings(&l, "argv", few);
    exec_end(&l);
    exec_line(&l, &who, "execve", "no/such", who.tid, FAILS(ENOENT, SC(SYS_execve, "no/such", none, 0)));
    a_strings(&l, "argv", none);
    exec_end(&l);
}

CASE(programs_only_asked_for)
{
    /* AT_EXECVE_CHECK (6.14): whether it may be executed; the call returns, and nothing is */
    const int check = 0x10000, known = kernel_since(6, 14);
    struct exec named = {.call = "execveat", .dirfd = AT_FDCWD, .filename = helper_path, .argv = few, .flags = check, .flags_text = "AT_EXECVE_CHECK"};
    CHECK(make_exec(&named) == (known ? 0 : -EINVAL));
    int fd = OK(do_openat(AT_FDCWD, helper_path, F(O_RDONLY|O_CLOEXEC), 0));
    struct exec open = {.call = "execveat", .dirfd = fd, .filename = "", .argv = few, .flags = check | AT_EMPTY_PATH, .flags_text = "AT_EMPTY_PATH|AT_EXECVE_CHECK", .path = helper_path};
    CHECK(make_exec(&open) == (known ? 0 : -EINVAL));
    OK(do_close(fd));
    OK(do_close(make_file("plain", "text", 0644)));
    struct exec plain = {.call = "execveat", .dirfd = AT_FDCWD, .filename = "plain", .argv = few, .flags = check, .flags_text = "AT_EXECVE_CHECK"};
    CHECK(make_exec(&plain) == (known ? -EACCES : -EINVAL));
    do_exec(&(struct exec){.call = "execveat", .dirfd = AT_FDCWD, .filename = helper_path, .argv = few, .flags_text = "0", .comm = "helper"});
}

CASE(programs_not_started)
{
    char script[64];
    OK(do_close(make_file("plain", "text", 0644)));
    FAILS(ENOTDIR, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "plain/x", .argv = few}));
    FAILS(ENOENT, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "../no/./such", .argv = few}));
    FAILS(EBADF, make_exec(&(struct exec){.call = "execveat", .dirfd = 777, .filename = "x", .argv = few, .flags_text = "0"}));
    FAILS(EINVAL, make_exec(&(struct exec){.call = "execveat", .dirfd = AT_FDCWD, .filename = "plain", .argv = few, .flags = 0x40, .flags_text = "0x40"}));
    /* a script of a script of a script …: the kernel gives up */
    for (int i = 0; i < 7; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        snprintf(script, sizeof script, "#!./s%d\n", i ? i - 1 : 0);
        OK(do_close(make_file(name, script, 0755)));
    }
    FAILS(ELOOP, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "s6", .argv = few}));
    int fd = make_file("busy", "#!/no/such\n", 0755);
    FAILS(ETXTBSY, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "busy", .argv = few}));
    OK(do_close(fd));
    FAILS(EACCES, make_exec(&(struct exec){.call = "execveat", .dirfd = proc_fd, .filename = "", .argv = few, .flags = AT_EMPTY_PATH, .flags_text = "AT_EMPTY_PATH", .path = "/proc"}));
    OK(do_mkdir("away", 0755));
    OK(do_chdir("away"));
    OK(do_rmdir("../away"));
    FAILS(ENOENT, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "x", .argv = few}));
}

/* of a script it is its interpreter's */
static const char *comm_of(int fd, const char *name)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", fd);
    return comm_of_file ? name : text;
}

CASE(by_a_descriptor)
{
    char text[PATH_MAX + 8], script[64], dev_fd[64];
    struct text memory;
    int fd = OK(do_openat(AT_FDCWD, helper_path, F(O_RDONLY|O_PATH), 0));
    do_exec(&(struct exec){.call = "execveat", .dirfd = fd, .filename = "", .argv = few, .flags = AT_EMPTY_PATH, .flags_text = "AT_EMPTY_PATH", .path = helper_path, .comm = comm_of(fd, "helper")});
    /* an absolute name: the descriptor plays no part */
    do_exec(&(struct exec){.call = "execveat", .dirfd = fd, .filename = helper_path, .argv = few, .flags_text = "0", .comm = "helper"});
    snprintf(dev_fd, sizeof dev_fd, "/dev/fd/%d", fd); /* what the kernel would have made of an empty name */
    if (SC(SYS_faccessat, AT_FDCWD, dev_fd, F_OK) == 0)
        do_exec(&(struct exec){.call = "execveat", .dirfd = fd, .filename = dev_fd, .argv = few, .flags_text = "0", .path = helper_path, .comm = strrchr(dev_fd, '/') + 1});
    OK(do_close(fd));
    /* a script */
    snprintf(text, sizeof text, "#!%s\n", helper_path);
    OK(do_close(make_file("script", text, 0755)));
    fd = OK(do_openat(AT_FDCWD, "script", F(O_RDONLY), 0));
    snprintf(script, sizeof script, "/dev/fd/%d", fd);
    char *seen[] = {helper_path, script, "one", NULL};
    fd_path(&memory, fd);
    do_exec(&(struct exec){.call = "execveat", .dirfd = fd, .filename = "", .argv = few, .flags = AT_EMPTY_PATH, .flags_text = "AT_EMPTY_PATH", .path = memory.s, .interpreter = helper_path, .seen = seen, .comm = comm_of(fd, "helper")});
    OK(do_close(fd));
    /* a file that has no name any more: hard links are all of it */
    OK(SC(SYS_link, helper_path, "linked"));
    struct line l;
    struct text oldpath, newpath;
    joined(&oldpath, AT_FDCWD, helper_path), joined(&newpath, AT_FDCWD, "linked");
    ev(&l, "file.link", "link", 0);
    a_null(&l, "olddirfd"), a_str(&l, "oldname", helper_path), a_path(&l, "oldpath", &oldpath);
    a_null(&l, "newdirfd"), a_str(&l, "newname", "linked"), a_path(&l, "newpath", &newpath), a_null(&l, "flags");
    ev_end(&l);
    fd = OK(do_openat(AT_FDCWD, "linked", F(O_RDONLY|O_PATH), 0));
    OK(do_unlink("linked"));
    fd_path(&memory, fd);
    do_exec(&(struct exec){.call = "execveat", .dirfd = fd, .filename = "", .argv = few, .flags = AT_EMPTY_PATH, .flags_text = "AT_EMPTY_PATH", .path = memory.s, .comm = comm_of(fd, "linked")});
    OK(do_close(fd));
}

CASE(relative_programs)
{
    /* the working directory at the moment of the call */
    char inner[64];
    struct text directory;
    OK(do_mkdir("bin", 0755));
    OK(SC(SYS_symlink, helper_path, "bin/p"));
    struct line l;
    struct text path;
    joined(&path, AT_FDCWD, "bin/p");
    ev(&l, "file.symlink", "symlink", 0);
    a_str(&l, "oldname", helper_path), a_null(&l, "newdirfd"), a_str(&l, "newname", "bin/p"), a_path(&l, "newpath", &path);
    ev_end(&l);
    OK(do_chdir("bin"));
    cwd_path(&directory);
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "../bin/./p", .argv = few, .path = helper_path, .comm = "p"});
    OK(do_rename("../bin", "../sbin"));
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "p", .argv = few, .path = helper_path, .comm = "p"});
    FAILS(ENOENT, make_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "none", .argv = few}));
    snprintf(inner, sizeof inner, "#!p\n");
    OK(do_close(make_file("s", inner, 0755)));
    char *seen[] = {"p", "./s", "one", NULL};
    do_exec(&(struct exec){.call = "execve", .dirfd = AT_FDCWD, .filename = "./s", .argv = few, .seen = seen, .interpreter = helper_path, .comm = "s"});
}
