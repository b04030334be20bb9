/* Where things are: by descriptors of every kind, beyond roots and mounts, at the longest names, where others change the place. */
#include "workload.h"

#include <linux/io_uring.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void mapped_file(int fd)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    ev(&l, "process.mmap", "mmap", OK(SC(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0)));
    a_hex(&l, "addr", 0), a_int(&l, "len", 4096), a_str(&l, "prot", "PROT_READ"), a_str(&l, "flags", "MAP_PRIVATE"), a_int(&l, "fd", fd), a_int(&l, "off", 0), a_path(&l, "path", &path);
    ev_end(&l);
}

static void chmod_fd(int fd, unsigned mode, int error)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    ev(&l, "file.chmod", "fchmod", FAILS(error, SC(SYS_fchmod, fd, mode)));
    a_null(&l, "dirfd"), a_int(&l, "fd", fd), a_null(&l, "filename"), a_path(&l, "path", &path), a_mode(&l, "mode", mode), a_null(&l, "flags");
    ev_end(&l);
}

static void truncate_fd(int fd, long length, int error)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    ev(&l, "file.truncate", "ftruncate", FAILS(error, SC(SYS_ftruncate, fd, length)));
    a_null(&l, "filename"), a_int(&l, "fd", fd), a_path(&l, "path", &path), a_int(&l, "length", length);
    ev_end(&l);
}

static void chdir_fd(int fd, int error)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    ev(&l, "file.chdir", "fchdir", FAILS(error, SC(SYS_fchdir, fd)));
    a_null(&l, "filename"), a_int(&l, "fd", fd), a_path(&l, "path", &path);
    ev_end(&l);
}

static int dup_fd(int fd)
{
    struct line l;
    struct text path;
    fd_path(&path, fd);
    long r = OK(SC(SYS_dup, fd));
    ev(&l, "file.dup", "dup", r);
    a_int(&l, "oldfd", fd), a_int(&l, "newfd", r), a_null(&l, "flags"), a_path(&l, "path", &path);
    ev_end(&l);
    return r;
}

/* every call that takes a descriptor of a regular file */
static void all_of(int fd)
{
    struct stat st;
    char buffer[4];
    OK(do_read(fd, buffer, 1));
    OK(do_write(fd, "x", 1));
    OK(do_fstat(fd, &st));
    mapped_file(fd);
    chmod_fd(fd, 0640, 0);
    truncate_fd(fd, 9, 0);
    chdir_fd(fd, ENOTDIR);
    OK(do_close(dup_fd(fd)));
}

CASE(everything_by_descriptor)
{
    OK(do_mkdir("a", 0755)), OK(do_mkdir("a/b", 0755));
    int fd = make_file("a/b/f", "0123456789", 0644);
    all_of(fd);
    OK(do_rename("a/b/f", "a/g"));
    all_of(fd);
    OK(do_rename("a", "c")); /* the directory above */
    all_of(fd);
    int other = make_file("c/h", "", 0600);
    OK(do_rename("c/h", "c/g")); /* over it: the file has no name */
    all_of(fd);
    all_of(other);
    OK(do_close(fd));
    fd = make_file("f", "0123456789", 0600);
    OK(do_unlink("f"));
    all_of(fd);
    OK(do_close(make_file("f", "again", 0600)));
    all_of(fd);
    OK(do_close(fd)), OK(do_close(other));
}

CASE(handles_only)
{
    /* O_PATH: a place, not an open file */
    struct stat st;
    char buffer[4], name[64];
    OK(do_mkdir("d", 0755));
    OK(do_close(make_file("d/f", "text", 0644)));
    OK(SC(SYS_symlink, "f", "d/s"));
    struct line l;
    struct text path;
    joined(&path, AT_FDCWD, "d/s");
    ev(&l, "file.symlink", "symlink", 0);
    a_str(&l, "oldname", "f"), a_null(&l, "newdirfd"), a_str(&l, "newname", "d/s"), a_path(&l, "newpath", &path);
    ev_end(&l);
    int file = OK(do_openat(AT_FDCWD, "d/f", F(O_RDONLY|O_PATH), 0)), dir = OK(do_openat(AT_FDCWD, "d", F(O_RDONLY|O_PATH), 0));
    int link = OK(do_openat(AT_FDCWD, "d/s", F(O_RDONLY|O_PATH|O_NOFOLLOW), 0)); /* the link itself */
    FAILS(EBADF, do_read(file, buffer, 1));
    chmod_fd(file, 0600, EBADF);
    truncate_fd(file, 0, EBADF);
    OK(do_fstat(link, &st));
    OK(do_close(dup_fd(link)));
    OK(do_close(OK(do_openat(dir, "s", F(O_RDONLY), 0))));
    /* by /proc/self/fd: the name passed is one thing, what is opened another */
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    int again = OK(do_openat(AT_FDCWD, name, F(O_RDONLY), 0));
    OK(do_read(again, buffer, 2));
    OK(do_unlink("d/f"));
    OK(do_read(again, buffer, 2));
    OK(do_close(again));
    OK(do_close(OK(do_openat(AT_FDCWD, name, F(O_RDWR), 0)))); /* has no name, and can still be opened */
    snprintf(name, sizeof name, "/proc/self/fd/%d/new", dir);
    OK(do_close(make_file(name, "", 0600)));
    OK(do_unlink(name));
    FAILS(ELOOP, do_openat(AT_FDCWD, "d/s", F(O_RDONLY|O_NOFOLLOW), 0));
    snprintf(name, sizeof name, "/proc/self/fd/%d", dir);
    OK(do_chdir(name));
    FAILS(ENOENT, do_unlink("none"));
    chdir_fd(dir, 0);
    OK(do_chdir(".."));
    OK(do_close(file)), OK(do_close(dir)), OK(do_close(link));
}

CASE(descriptors_of_no_file)
{
    static struct io_uring_params parameters;
    sigset_t none = {0};
    char name[64];
    int pid = SC(SYS_getpid);
    long fds[] = {
        SC(SYS_eventfd2, 0, 0), SC(SYS_epoll_create1, 0), SC(SYS_timerfd_create, 1, 0), SC(SYS_signalfd4, -1, &none, 8, 0), SC(SYS_inotify_init1, 0),
        SC(SYS_memfd_create, "", 0), SC(SYS_memfd_create, "a name\nof (deleted) \xff", MFD_ALLOW_SEALING), SC(SYS_pidfd_open, pid, 0), SC(447 /* memfd_secret */, 0),
        SC(SYS_io_uring_setup, 2, &parameters), SC(SYS_fanotify_init, 0, 0), SC(SYS_userfaultfd, 1), SC(SYS_perf_event_open, 0, 0, 0, 0, 0),
        SC(SYS_socket, AF_UNIX, SOCK_STREAM, 0), SC(SYS_socket, AF_NETLINK, SOCK_RAW, 0), SC(SYS_socket, AF_PACKET, SOCK_DGRAM, 0), SC(SYS_landlock_create_ruleset, ((long[2]){1, 0}), 8, 0),
        SC(SYS_fsopen, "tmpfs", 0), SC(SYS_memfd_create, "huge", MFD_HUGETLB), SC(SYS_mq_open, "/kellect", O_CREAT | O_RDWR, 0600, 0),
    };
    struct stat st;
    int kinds = 0;
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] < 0)
            continue; /* this kernel has none */
        kinds++;
        OK(do_fstat(fds[i], &st));
        OK(do_close(dup_fd(fds[i])));
        OK(do_close(fds[i]));
    }
    CHECK(kinds > 9);
    for (const char *const *space = (const char *const[]){"mnt", "pid", "net", "user", "uts", "ipc", "cgroup", NULL}; *space; space++) {
        snprintf(name, sizeof name, "/proc/self/ns/%s", *space);
        long fd = do_openat(AT_FDCWD, name, F(O_RDONLY), 0);
        if (fd >= 0)
            OK(do_close(fd));
    }
    SC(SYS_mq_unlink, "kellect");
    int fd = OK(do_openat(AT_FDCWD, "/dev/pts/ptmx", F(O_RDWR|O_NOCTTY), 0));
    OK(do_close(fd));
}

/* ---- roots and mounts ---- */

/* what the kernel names from elsewhere cannot be reached from the task's own root: the name is marked as getcwd(2) marks it */
static void far_path(struct text *path, int fd)
{
    struct text text;
    fd_path(&text, fd);
    path->null = false;
    path->n = snprintf(path->s, sizeof path->s, "(unreachable)%s", text.s);
}

static void far_close(int fd)
{
    struct line l;
    struct text path;
    far_path(&path, fd);
    ev(&l, "file.close", "close", OK(SC(SYS_close, fd)));
    a_int(&l, "fd", fd), a_null(&l, "first"), a_null(&l, "last"), a_null(&l, "flags"), a_path(&l, "path", &path);
    ev_end(&l);
}

static void far_open(int dir, const char *name)
{
    struct line l;
    struct text path;
    long fd = OK(SC(SYS_openat, dir, name, O_RDONLY));
    far_path(&path, fd);
    ev(&l, "file.open", "openat", fd);
    a_int(&l, "dirfd", dir), a_str(&l, "filename", name), a_path(&l, "path", &path), a_str(&l, "flags", "O_RDONLY"), a_null(&l, "mode"), a_null(&l, "resolve"), a_int(&l, "fd", fd);
    ev_end(&l);
    far_close(fd);
}

CASE(beyond_the_root)
{
    OK(do_mkdir("root", 0755)), OK(do_mkdir("root/in", 0755));
    OK(do_close(make_file("out", "text", 0644)));
    int in = make_file("root/in/f", "text", 0644), outside = OK(do_openat(AT_FDCWD, ".", F(O_RDONLY|O_DIRECTORY), 0));
    char buffer[4];
    OK(do_read(in, buffer, 1));
    OK(SC(SYS_chroot, "root"));
    OK(do_read(in, buffer, 1)); /* the same file, named from the new root */
    OK(do_close(in));
    far_open(outside, "out");
    far_open(outside, ".//out");
    OK(do_openat(AT_FDCWD, "/in/f", F(O_RDONLY), 0));
    far_close(outside);
}

CASE(another_namespace)
{
    char name[64];
    OK(do_mkdir("m", 0755));
    int child = do_fork();
    if (child == 0) {
        OK(SC(SYS_unshare, CLONE_NEWNS));
        OK(SC(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
        OK(SC(SYS_mount, "none", "m", "tmpfs", 0, NULL));
        OK(do_close(make_file("m/hidden", "text", 0644)));
        announce();
        for (;;)
            SC(SYS_pause);
    }
    announced();
    FAILS(ENOENT, do_openat(AT_FDCWD, "m/hidden", F(O_RDONLY), 0)); /* not here */
    struct text here, far;
    cwd_path(&here);
    snprintf(name, sizeof name, "/proc/%d/root", child);
    long root = OK(SC(SYS_openat, AT_FDCWD, name, O_RDONLY | O_DIRECTORY));
    struct line l;
    far_path(&far, root);
    ev(&l, "file.open", "openat", root);
    a_str(&l, "dirfd", "AT_FDCWD"), a_str(&l, "filename", name), a_path(&l, "path", &far), a_flags(&l, "flags", "O_RDONLY|O_DIRECTORY"), a_null(&l, "mode"), a_null(&l, "resolve"), a_int(&l, "fd", root);
    ev_end(&l);
    char deep[9200];
    snprintf(deep, sizeof deep, "%s/m/hidden", here.s + 1);
    far_open(root, deep);
    far_close(root);
    struct who who;
    who_am_i(&who);
    OK(do_kill(child, SIGKILL, "SIGKILL", who.comm));
    int status = wait_for(child);
    who.ppid = who.pid, who.pid = who.tid = child;
    log_exit(&who, status, false, "true");
    OK(do_close(make_file("m/hidden", "text", 0644)));
}

#define BINDS 6

CASE(reused_mounts)
{
    /* namespaces come and go, and each time the same places of memory are other mounts: a file is told by the mount it is reached by */
    char name[16];
    OK(SC(SYS_unshare, CLONE_NEWNS));
    OK(SC(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    OK(do_mkdir("one", 0755));
    OK(do_close(make_file("one/f", "text", 0644)));
    for (int i = 0; i < BINDS; i++) {
        snprintf(name, sizeof name, "m%d", i);
        OK(do_mkdir(name, 0755));
        OK(SC(SYS_mount, "one", name, NULL, MS_BIND, NULL));
    }
    for (int i = 0; i < 701; i++) {
        int child = do_fork();
        if (child == 0) {
            OK(SC(SYS_unshare, CLONE_NEWNS));
            for (int n = 0; n < BINDS; n++) {
                snprintf(name, sizeof name, "m%d/f", (n + i) % BINDS);
                OK(do_close(OK(do_openat(AT_FDCWD, name, F(O_RDONLY), 0))));
            }
            exit_group(0);
        }
        wait_for(child);
    }
}

CASE(lost_mounts)
{
    char buffer[4];
    struct line l;
    struct text path;
    OK(SC(SYS_unshare, CLONE_NEWNS));
    OK(SC(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    OK(do_mkdir("m", 0755));
    OK(SC(SYS_mount, "none", "m", "tmpfs", 0, NULL));
    OK(do_mkdir("m/d", 0755));
    int fd = make_file("m/d/f", "text", 0644);
    OK(do_read(fd, buffer, 1));
    OK(SC(SYS_umount2, "m", MNT_DETACH)); /* let go of while open: it hangs nowhere */
    far_close(fd);
    /* a mount that was never attached */
    long tree = SC(SYS_open_tree, AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
    FAILS(EBADF, do_close(-1));
    if (tree >= 0) {
        OK(SC(SYS_mknodat, tree, "inside", S_IFREG | 0600, 0));
        far_open(tree, "inside");
        OK(SC(SYS_move_mount, tree, "", AT_FDCWD, "m", 4 /* MOVE_MOUNT_F_EMPTY_PATH */));
        fd_path(&path, tree); /* now it has a place */
        ev(&l, "file.close", "close", OK(SC(SYS_close, tree)));
        a_int(&l, "fd", tree), a_null(&l, "first"), a_null(&l, "last"), a_null(&l, "flags"), a_path(&l, "path", &path);
        ev_end(&l);
        OK(do_close(OK(do_openat(AT_FDCWD, "m/inside", F(O_RDONLY), 0))));
    }
}

CASE(copies_of_trees)
{
    /* each takes the place in memory of the one before, which began at another directory */
    OK(do_mkdir("a", 0755)), OK(do_mkdir("a/b", 0755));
    OK(do_close(make_file("a/b/f", "text", 0644)));
    for (int i = 0; i < 8; i++) {
        long tree = SC(467 /* open_tree_attr, 6.15 */, AT_FDCWD, i & 1 ? "a/b" : "a", 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC, 0, 0);
        if (tree < 0)
            break;
        far_open(tree, i & 1 ? "f" : "b/f");
        far_close(tree);
        for (int round = 0; round < 3; round++)
            SC(SYS_membarrier, 1 /* MEMBARRIER_CMD_GLOBAL */, 0, 0); /* until the kernel has freed it */
    }
    OK(do_unlink("a/b/f"));
}

CASE(pivoted)
{
    OK(SC(SYS_unshare, CLONE_NEWNS));
    OK(SC(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    OK(do_mkdir("new", 0755));
    OK(SC(SYS_mount, "none", "new", "tmpfs", 0, NULL));
    OK(do_mkdir("new/old", 0755));
    int fd = make_file("new/f", "text", 0644), old = make_file("f", "text", 0644);
    OK(SC(SYS_pivot_root, "new", "new/old"));
    OK(do_write(fd, "x", 1)); /* the root is another, in the middle of everything */
    OK(do_write(old, "x", 1));
    OK(do_chdir("/"));
    OK(do_close(OK(do_openat(AT_FDCWD, "f", F(O_RDONLY), 0))));
    OK(do_close(fd)), OK(do_close(old));
}

/* ---- the longest names ---- */

CASE(longest_paths)
{
    /* a path of exactly 4095 bytes, made of names of 255: reached step by step */
    static char name[256];
    struct text path;
    char buffer[4];
    memset(name, 'n', 255);
    cwd_path(&path);
    size_t left = 4095 - path.n;
    while (left > 2 * 256) {
        OK(do_mkdir(name, 0755)), OK(do_chdir(name));
        left -= 256;
    }
    size_t first = (left - 2) / 2, second = left - 2 - first; /* the rest in two names */
    name[first] = 0;
    OK(do_mkdir(name, 0755)), OK(do_chdir(name));
    memset(name, 'l', second), name[second] = 0;
    int fd = make_file(name, "text", 0644);
    fd_path(&path, fd);
    CHECK(path.n == 4095);
    OK(do_read(fd, buffer, 1));
    OK(do_close(fd));
    OK(do_unlink(name));
    /* one more, and it is longer than a path can be: not told, and said so */
    struct line l;
    memset(name, 'm', 255), name[255] = 0;
    long r = OK(SC(SYS_mkdir, name, 0755));
    ev(&l, "file.mkdir", "mkdir", r);
    joined(&path, AT_FDCWD, name);
    a_null(&l, "dirfd"), a_str(&l, "filename", name), a_path(&l, "path", &path), a_mode(&l, "mode", 0755);
    ev_end(&l);
    for (int i = 0; i < 3; i++) {
        r = OK(SC(SYS_openat, AT_FDCWD, name, O_RDONLY | O_DIRECTORY));
        ev(&l, "file.open", "openat", r);
        a_str(&l, "dirfd", "AT_FDCWD"), a_str(&l, "filename", name), a_any(&l, "path"), a_flags(&l, "flags", "O_RDONLY|O_DIRECTORY"), a_null(&l, "mode"), a_null(&l, "resolve"), a_int(&l, "fd", r);
        may(&l, "path:unreadable");
        ev_end(&l);
        ev(&l, "file.chdir", "fchdir", OK(SC(SYS_fchdir, r)));
        a_null(&l, "filename"), a_int(&l, "fd", r), a_any(&l, "path"), may(&l, "path:unreadable");
        ev_end(&l);
        OK(SC(SYS_mkdirat, r, name, 0755));
        ev(&l, "file.mkdir", "mkdirat", 0);
        a_int(&l, "dirfd", r), a_str(&l, "filename", name), a_any(&l, "path"), a_mode(&l, "mode", 0755), may(&l, "path:unreadable");
        ev_end(&l);
    }
}

CASE(many_components)
{
    /* names of one byte, 1200 deep: more than one turn of the walk, with a mount above that can fall on the end of each turn */
    char name[2] = "0", buffer[4];
    OK(SC(SYS_unshare, CLONE_NEWNS));
    OK(SC(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    OK(do_mkdir("m", 0755));
    OK(SC(SYS_mount, "none", "m", "tmpfs", 0, NULL));
    OK(do_chdir("m"));
    for (int i = 0; i < 1200; i++) {
        name[0] = 'a' + i % 26;
        OK(SC(SYS_mkdirat, AT_FDCWD, name, 0755));
        struct line l;
        struct text path;
        joined(&path, AT_FDCWD, name);
        ev(&l, "file.mkdir", "mkdirat", 0);
        a_str(&l, "dirfd", "AT_FDCWD"), a_str(&l, "filename", name), a_path(&l, "path", &path), a_mode(&l, "mode", 0755);
        ev_end(&l);
        OK(do_chdir(name));
    }
    int fd = make_file("f", "text", 0644);
    OK(do_read(fd, buffer, 1));
    OK(do_close(fd));
    OK(do_unlink("f"));
    for (int i = 1199; i >= 0; i--) { /* and up again: others could not remove it all */
        name[0] = 'a' + i % 26;
        OK(do_chdir(".."));
        OK(do_rmdir(name));
    }
}

/* ---- the working directory ---- */

static void moving_thread(void)
{
    OK(do_chdir("by_a_thread"));
    exit_thread(0);
}

CASE(working_directories)
{
    struct stat st;
    OK(do_mkdir("by_a_thread", 0755));
    start_thread(moving_thread, 0);
    join_thread(0);
    FAILS(ENOENT, do_unlink("none")); /* threads share it */
    OK(do_rename("../by_a_thread", "../renamed"));
    FAILS(ENOENT, do_unlink("none"));
    FAILS(EBUSY, do_rename(".", "x"));
    FAILS(EINVAL, do_rmdir("."));
    FAILS(ENOTEMPTY, do_rmdir("..")); /* not `.`'s parent's name, what was passed */
    OK(do_mkdir("inner", 0755));
    OK(do_chdir("inner"));
    OK(do_rename("../../renamed", "../../again")); /* the directory above */
    FAILS(ENOENT, do_unlink("none"));
    OK(do_rmdir("../inner")); /* itself */
    FAILS(ENOENT, do_unlink("none"));
    FAILS(ENOENT, do_rename("one", "two"));
    FAILS(ENOENT, do_rmdir("none/"));
    FAILS(ENOENT, do_openat(AT_FDCWD, "./x", F(O_RDWR|O_CREAT), 0600));
    int fd = OK(do_openat(AT_FDCWD, ".", F(O_RDONLY), 0));
    OK(do_fstat(fd, &st));
    OK(do_close(fd));
    OK(do_mkdir("../inner", 0755)); /* another of its name: still the old one */
    FAILS(ENOENT, do_unlink("none"));
    OK(do_chdir(".."));
    OK(do_chdir("inner"));
    FAILS(ENOENT, do_unlink("none"));
    int child = do_fork();
    if (child == 0) { /* a child's own */
        OK(do_chdir("/"));
        FAILS(ENOENT, do_unlink("none"));
        exit_group(0);
    }
    wait_for(child);
    FAILS(ENOENT, do_unlink("none"));
}

CASE(links_on_the_way)
{
    struct line l;
    struct text path, oldpath, newpath;
    OK(do_mkdir("real", 0755)), OK(do_mkdir("real/d", 0755));
    OK(SC(SYS_symlink, "real/d", "link"));
    joined(&path, AT_FDCWD, "link");
    ev(&l, "file.symlink", "symlink", 0);
    a_str(&l, "oldname", "real/d"), a_null(&l, "newdirfd"), a_str(&l, "newname", "link"), a_path(&l, "newpath", &path);
    ev_end(&l);
    /* what is open is told by its own place, what is only named by its name: `..` after a link cannot be folded */
    OK(do_close(make_file("link/../f", "text", 0644)));
    OK(do_unlink("link/../f"));
    OK(do_mkdir("link/../e", 0755));
    OK(do_chdir("link/../e"));
    OK(do_chdir("../../link"));
    joined(&oldpath, AT_FDCWD, "../../link/.//../e"), joined(&newpath, AT_FDCWD, "/proc/self/cwd/moved");
    ev(&l, "file.rename", "rename", OK(SC(SYS_rename, "../../link/.//../e", "/proc/self/cwd/moved")));
    a_null(&l, "olddirfd"), a_str(&l, "oldname", "../../link/.//../e"), a_path(&l, "oldpath", &oldpath);
    a_null(&l, "newdirfd"), a_str(&l, "newname", "/proc/self/cwd/moved"), a_path(&l, "newpath", &newpath), a_null(&l, "flags");
    ev_end(&l);
    OK(do_chdir("moved"));
    OK(do_chdir("/proc/self/cwd/."));
    OK(do_close(make_file("/dev/./shm/../shm/kellect-case", "", 0600)));
    OK(do_unlink("/dev/shm//kellect-case"));
}
