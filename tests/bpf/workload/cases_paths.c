/* Names that change or come back: what the monitor remembers of a path must never be told of another file. */
#include "workload.h"

#include <sched.h>
#include <sys/mount.h>

static void use(const char *name)
{
    char buffer[4];
    int fd = make_file(name, "1234", 0644);
    OK(do_read(fd, buffer, 4));
    OK(do_close(fd));
    OK(do_unlink(name));
}

CASE(many_files)
{
    char name[64];
    for (int i = 0; i < 503; i++) {
        snprintf(name, sizeof name, "file %d", i * 7919);
        use(name);
    }
}

CASE(many_directories)
{
    char name[64];
    for (int i = 0; i < 101; i++) {
        snprintf(name, sizeof name, i % 3 ? "d%d" : "same", i);
        OK(do_mkdir(name, 0755));
        OK(do_chdir(name));
        use("f");
        FAILS(ENOENT, do_unlink("none"));
        OK(do_chdir(".."));
        OK(do_rmdir(name));
    }
}

CASE(many_pipes)
{
    int pair[2];
    char byte = 'x';
    for (int i = 0; i < 211; i++) {
        OK(do_pipe(pair));
        OK(do_write(pair[1], &byte, 1));
        OK(do_read(pair[0], &byte, 1));
        OK(do_close(pair[0]));
        OK(do_close(pair[1]));
    }
}

CASE(many_sockets_and_memories)
{
    char name[32];
    for (int i = 0; i < 101; i++) {
        int fd = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0));
        FAILS(ENOTCONN, do_write(fd, "x", 1));
        OK(do_close(fd));
        snprintf(name, sizeof name, "memory %d", i % 5);
        fd = OK(SC(SYS_memfd_create, name, 0));
        OK(do_write(fd, "12", 2));
        OK(do_close(fd));
    }
}

static void both_cores(void)
{
    char name[64];
    for (int i = 0; i < 101; i++) {
        snprintf(name, sizeof name, "of %ld, %d", SC(SYS_gettid), i);
        use(name);
    }
    exit_thread(0);
}

CASE(side_by_side)
{
    start_thread(both_cores, 0);
    start_thread(both_cores, 1);
    int child = do_fork();
    if (child == 0) {
        for (int i = 0; i < 101; i++)
            use("of a child");
        exit_group(0);
    }
    wait_for(child);
    join_thread(0);
    join_thread(1);
}

CASE(renamed_parents)
{
    char buffer[8];
    OK(do_mkdir("a", 0755)), OK(do_mkdir("a/b", 0755)), OK(do_mkdir("a/b/c", 0755));
    int fd = make_file("a/b/c/f", "0123456", 0644);
    OK(do_chdir("a/b/c"));
    for (int i = 0; i < 23; i++) {
        OK(do_read(fd, buffer, 1));
        OK(do_rename("../../../a", "../../../A"));
        OK(do_close(do_openat(AT_FDCWD, "f", F(O_RDONLY), 0)));
        FAILS(ENOENT, do_unlink("none"));
        OK(do_rename("../../../A/b", "../../../A/B"));
        OK(do_write(fd, "x", 1));
        OK(do_rename("../../../A/B", "../../../A/b"));
        OK(do_rename("../../../A", "../../../a"));
    }
    OK(do_close(fd));
}

CASE(exchanged)
{
    struct line l;
    struct text oldpath, newpath;
    char buffer[8];
    OK(do_mkdir("one", 0755)), OK(do_mkdir("two", 0755));
    int first = make_file("one/f", "first", 0644), second = make_file("two/f", "second", 0644);
    for (int i = 0; i < 3; i++) {
        joined(&oldpath, AT_FDCWD, "one"), joined(&newpath, AT_FDCWD, "two");
        ev(&l, "file.rename", "renameat2", OK(SC(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 2)));
        a_str(&l, "olddirfd", "AT_FDCWD"), a_str(&l, "oldname", "one"), a_path(&l, "oldpath", &oldpath);
        a_str(&l, "newdirfd", "AT_FDCWD"), a_str(&l, "newname", "two"), a_path(&l, "newpath", &newpath);
        a_flags(&l, "flags", "RENAME_EXCHANGE");
        ev_end(&l);
        OK(do_read(first, buffer, 1));
        OK(do_read(second, buffer, 1));
        OK(do_close(do_openat(AT_FDCWD, "one/f", F(O_RDONLY), 0)));
    }
    OK(do_close(first)), OK(do_close(second));
}

CASE(hard_links)
{
    char buffer[8];
    int fd = make_file("one", "text", 0644);
    OK(SC(SYS_link, "one", "two"));
    struct line l;
    struct text oldpath, newpath;
    joined(&oldpath, AT_FDCWD, "one"), joined(&newpath, AT_FDCWD, "two");
    ev(&l, "file.link", "link", 0);
    a_null(&l, "olddirfd"), a_str(&l, "oldname", "one"), a_path(&l, "oldpath", &oldpath);
    a_null(&l, "newdirfd"), a_str(&l, "newname", "two"), a_path(&l, "newpath", &newpath), a_null(&l, "flags");
    ev_end(&l);
    int other = OK(do_openat(AT_FDCWD, "two", F(O_RDONLY), 0));
    OK(do_read(other, buffer, 2));
    OK(do_unlink("one"));
    OK(do_write(fd, "x", 1));
    OK(do_read(other, buffer, 2));
    OK(do_close(fd)), OK(do_close(other));
}

CASE(renamed_file)
{
    int fd = make_file("f", "text", 0644);
    for (int i = 0; i < 23; i++) {
        OK(do_rename(i % 2 ? "g" : "f", i % 2 ? "f" : "g"));
        OK(do_write(fd, "x", 1));
    }
    OK(do_close(make_file("other", "", 0600)));
    OK(do_rename("other", "g")); /* over it */
    OK(do_write(fd, "x", 1));
    OK(do_close(fd));
}

CASE(mounts)
{
    char buffer[8];
    OK(SC(SYS_unshare, CLONE_NEWNS)); /* ends with this process, and what is mounted in it too */
    OK(SC(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
    OK(do_mkdir("m", 0755)), OK(do_mkdir("n", 0755));
    int below = make_file("m/f", "below", 0644);
    OK(SC(SYS_mount, "none", "m", "tmpfs", 0, NULL));
    int above = make_file("m/f", "above", 0600);
    OK(do_read(below, buffer, 2));
    OK(do_write(above, "x", 1));
    OK(SC(SYS_mount, "m", "n", NULL, MS_BIND, NULL)); /* the same file, by another mount */
    int bound = OK(do_openat(AT_FDCWD, "n/f", F(O_RDWR), 0));
    OK(do_write(bound, "x", 1));
    OK(do_write(above, "x", 1));
    OK(do_chdir("n"));
    FAILS(ENOENT, do_unlink("none"));
    OK(do_close(do_openat(AT_FDCWD, "../m/f", F(O_RDONLY), 0)));
    OK(do_chdir(".."));
    OK(do_close(bound));
    OK(SC(SYS_umount2, "n", MNT_DETACH));
    OK(do_mkdir("n/again", 0700));
    OK(SC(SYS_mount, "m", "n", NULL, MS_MOVE, NULL));
    OK(do_write(above, "x", 1)); /* its mount stands elsewhere now */
    OK(do_close(do_openat(AT_FDCWD, "n/f", F(O_RDONLY), 0)));
    OK(do_close(do_openat(AT_FDCWD, "m/f", F(O_RDONLY), 0)));
    OK(do_close(above));
    OK(SC(SYS_umount2, "n", 0));
    OK(do_close(below));
}

#define BURST 5003

CASE(burst)
{
    /* made without a pause, written down afterwards: small rings cannot hold it */
    static long results[BURST];
    static const char *const names[2] = {"one", "two"};
    static struct text paths[2], dirs[2], none;
    struct line l;
    struct stat st;
    char buffer[4];
    OK(do_mkdir("one", 0755));
    int fd = make_file("one/f", "text", 0640);
    OK(do_fstat(fd, &st));
    joined(&none, AT_FDCWD, "none");
    for (int i = 0; i < 2; i++) {
        char name[8];
        snprintf(name, sizeof name, "%s/f", names[i]);
        joined(&dirs[i], AT_FDCWD, names[i]), joined(&paths[i], AT_FDCWD, name);
    }
    for (int i = 0, at = 0; i < BURST; i++) {
        if (i % 7 == 6)
            results[i] = SC(SYS_rename, names[at], names[!at]), at = !at;
        else
            results[i] = i % 2 ? SC(SYS_pread64, fd, buffer, 4, 0) : SC(SYS_unlink, "none");
    }
    for (int i = 0, at = 0; i < BURST; i++) {
        if (i % 7 == 6) {
            ev(&l, "file.rename", "rename", OK(results[i]));
            a_null(&l, "olddirfd"), a_str(&l, "oldname", names[at]), a_path(&l, "oldpath", &dirs[at]);
            a_null(&l, "newdirfd"), a_str(&l, "newname", names[!at]), a_path(&l, "newpath", &dirs[!at]), a_null(&l, "flags");
            at = !at;
        } else if (i % 2) {
            ev(&l, "file.read", "pread64", OK(results[i]));
            a_int(&l, "fd", fd), a_int(&l, "count", 4), a_int(&l, "offset", 0), a_uint(&l, "inode", st.st_ino), a_uint(&l, "uid", st.st_uid);
            a_mode(&l, "mode", st.st_mode), a_str(&l, "file_type", "regular"), a_path(&l, "filename", &paths[at]);
        } else {
            ev(&l, "file.delete", "unlink", FAILS(ENOENT, results[i]));
            a_null(&l, "dirfd"), a_str(&l, "filename", "none"), a_path(&l, "path", &none), a_null(&l, "flags");
        }
        ev_end(&l);
    }
    OK(do_close(fd));
}
