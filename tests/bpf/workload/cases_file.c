/* Files: names that are hard to say, files that are gone, descriptors of no file. */
#include "workload.h"

#include <sys/eventfd.h>
#include <sys/time.h>

CASE(names)
{
    int dir;
    OK(do_mkdir("d", 0755));
    OK(do_close(make_file("d/f", "", 0644)));
    OK(dir = do_openat(AT_FDCWD, "d/", F(O_RDONLY|O_DIRECTORY), 0));
    OK(do_close(do_openat(dir, ".//./f", F(O_RDONLY|O_CLOEXEC), 0)));
    OK(do_close(do_openat(dir, "../d/./f", F(O_RDONLY), 0)));
    OK(do_close(do_openat(dir, ".", F(O_RDONLY|O_PATH), 0)));
    FAILS(ENOENT, do_openat(dir, "../d/../no", F(O_RDONLY), 0));
    FAILS(ENOENT, do_openat(AT_FDCWD, "/no//such/./file/.", F(O_RDONLY), 0));
    FAILS(ENOENT, do_openat(AT_FDCWD, "", F(O_RDONLY), 0));
    FAILS(EFAULT, do_openat(AT_FDCWD, NULL, F(O_RDONLY), 0));
    FAILS(ENOTDIR, do_openat(AT_FDCWD, "d/f/", F(O_RDONLY), 0));
    FAILS(EEXIST, do_mkdir("/", 0755));
    FAILS(EBUSY, do_rmdir("/"));
    FAILS(EINVAL, do_rmdir("d/."));
    FAILS(ENOENT, do_unlink("a\tb\033[2J\"\\'"));
    FAILS(ENOENT, do_unlink("\xe2\x80\xae\xc3\xbc")); /* a bidi override is valid UTF-8 */
    FAILS(ENOENT, do_unlink("half\xe2\x80"));
    do_close(dir);
}

CASE(long_names)
{
    static char name[4096];
    memset(name, 'x', sizeof name - 1);
    for (size_t i = 0; i < sizeof name - 1; i += 200)
        name[i] = '/';
    FAILS(ENOENT, do_openat(AT_FDCWD, name, F(O_RDONLY), 0)); /* 4095 bytes: the longest there is */
    name[256] = 0;
    FAILS(ENOENT, do_unlink(name));
    FAILS(ENOENT, do_unlink(name + 1));
}

CASE(symbolic_links)
{
    struct line l;
    struct text path;
    OK(do_close(make_file("target", "text", 0644)));
    joined(&path, AT_FDCWD, "name");
    ev(&l, "file.symlink", "symlink", OK(SC(SYS_symlink, "target", "name")));
    a_str(&l, "oldname", "target"), a_null(&l, "newdirfd"), a_str(&l, "newname", "name"), a_path(&l, "newpath", &path);
    ev_end(&l);
    OK(do_close(do_openat(AT_FDCWD, "name", F(O_RDONLY), 0))); /* the kernel's name of it: target */
    FAILS(ELOOP, do_openat(AT_FDCWD, "name", F(O_RDONLY|O_NOFOLLOW), 0));
    OK(do_unlink("target"));
    OK(do_close(do_openat(AT_FDCWD, "name", F(O_RDWR|O_CREAT), 0600))); /* through a dangling link: made */
}

CASE(deleted)
{
    char buffer[8];
    int fd = make_file("f", "12345", 0640);
    OK(do_unlink("f"));
    OK(do_write(fd, "more", 4));
    OK(do_read(fd, buffer, 3));
    OK(do_close(fd));
    fd = make_file("f", "another of the same name", 0600);
    OK(do_read(fd, buffer, 3));
    OK(do_close(fd));
    OK(do_mkdir("lost", 0755));
    OK(do_chdir("lost"));
    OK(do_rmdir("../lost"));
    FAILS(ENOENT, do_openat(AT_FDCWD, "x", F(O_RDONLY), 0));
    FAILS(ENOENT, do_mkdir("y", 0700));
    FAILS(ENOENT, do_chdir("z"));
    OK(do_chdir(work_dir));
}

CASE(renamed_directory)
{
    char buffer[8];
    OK(do_mkdir("one", 0755));
    int fd = make_file("one/f", "12345", 0644);
    OK(do_chdir("one"));
    OK(do_rename("../one", "../two"));
    OK(do_read(fd, buffer, 2));
    FAILS(ENOENT, do_unlink("none"));
    OK(do_rename("f", "g"));
    OK(do_write(fd, "x", 1));
    OK(do_close(fd));
    FAILS(ENOENT, do_rename("f", "h"));
    long r = do_rename("/", "h");
    CHECK(r == -EBUSY || r == -EXDEV); /* of another file system, perhaps */
}

CASE(no_files)
{
    uint64_t one = 1;
    int pair[2], fd = OK(SC(SYS_eventfd2, 0, 0));
    OK(do_write(fd, &one, sizeof one));
    OK(do_read(fd, &one, sizeof one));
    OK(do_close(fd));
    fd = OK(SC(SYS_memfd_create, "name", 0));
    OK(do_write(fd, "12345", 5));
    OK(do_close(fd));
    OK(do_pipe(pair));
    OK(do_write(pair[1], "12345", 5));
    OK(do_read(pair[0], &one, 3));
    OK(do_close(pair[0]));
    SC(SYS_rt_sigaction, SIGPIPE, (long[4]){(long)SIG_IGN}, 0, 8);
    FAILS(EPIPE, do_write(pair[1], "x", 1));
    OK(do_close(pair[1]));
    fd = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0));
    FAILS(ENOTCONN, do_read(fd, &one, 1));
    OK(do_close(fd));
    fd = OK(do_openat(AT_FDCWD, "/dev/null", F(O_RDWR), 0));
    OK(do_write(fd, "gone", 4));
    OK(do_close(fd));
    fd = OK(do_openat(AT_FDCWD, "/proc/self/status", F(O_RDONLY), 0));
    OK(do_read(fd, &one, 8));
    OK(do_close(fd));
    FAILS(EISDIR, do_read(fd = OK(do_openat(AT_FDCWD, "/", F(O_RDONLY), 0)), &one, 1));
    OK(do_close(fd));
    FAILS(EBADF, do_close(-1));
    FAILS(EBADF, do_close(INT_MAX));
    FAILS(EBADF, do_read(-1, &one, 1));
}

CASE(vectors)
{
    static char buffer[1024];
    struct iovec v[331];
    unsigned long count = 0;
    int fd = make_file("f", "", 0644);
    for (int i = 0; i < 331; i++) {
        v[i] = (struct iovec){buffer, i % 7};
        count += i < 128 ? v[i].iov_len : 0;
    }
    log_io("file.write", "writev", fd, &count, NULL, OK(SC(SYS_writev, fd, v, 128)));
    log_io("file.write", "writev", fd, NULL, NULL, OK(SC(SYS_writev, fd, v, 331))); /* more than are added up */
    count = 0;
    log_io("file.read", "readv", fd, &count, NULL, OK(SC(SYS_readv, fd, v, 0)));
    log_io("file.read", "readv", fd, NULL, NULL, FAILS(EFAULT, SC(SYS_readv, fd, BAD, 3)));
    OK(do_close(fd));
}

static void nothing(int signal) { (void)signal; }

CASE(interrupted)
{
    int pair[2];
    char byte;
    struct sigaction handler = {.sa_handler = nothing};
    struct itimerval often = {{0, 10007}, {0, 10007}}, never = {{0, 0}, {0, 0}};
    OK(do_pipe(pair));
    CHECK(sigaction(SIGALRM, &handler, NULL) == 0);
    SC(SYS_setitimer, 0, &often, 0); /* again and again: one of them falls into the read */
    CHECK(do_read(pair[0], &byte, 1) == -512);
    SC(SYS_setitimer, 0, &never, 0);
    OK(do_close(pair[0]));
    OK(do_close(pair[1]));
}

CASE(other_root)
{
    OK(do_mkdir("root", 0755));
    OK(do_mkdir("root/in", 0755));
    OK(SC(SYS_chroot, "root"));
    OK(do_chdir("/"));
    OK(do_close(make_file("/in/f", "text", 0600)));
    FAILS(ENOENT, do_unlink("/no/such"));
    FAILS(ENOENT, do_unlink("relative"));
    OK(do_chdir("in"));
    FAILS(ENOENT, do_unlink("../relative"));
}

CASE(wide_registers)
{
    struct line l;
    struct text path;
    int fd = make_file("f", "", 0644);
    /* the kernel takes the low 32 bits of a descriptor and of AT_FDCWD */
    joined(&path, AT_FDCWD, "f");
    long r = OK(SC(SYS_openat, 0xffffff9cUL, "f", 0xabcd00000000UL | O_RDONLY, 0));
    ev(&l, "file.open", "openat", r);
    a_str(&l, "dirfd", "AT_FDCWD"), a_str(&l, "filename", "f"), a_path(&l, "path", &path), a_str(&l, "flags", "O_RDONLY"), a_null(&l, "mode"), a_null(&l, "resolve"), a_int(&l, "fd", r);
    ev_end(&l);
    fd_path(&path, fd);
    ev(&l, "file.close", "close", OK(SC(SYS_close, 0x700000000UL | fd)));
    a_int(&l, "fd", fd), a_null(&l, "first"), a_null(&l, "last"), a_null(&l, "flags"), a_path(&l, "path", &path);
    ev_end(&l);
    do_close(r);
}

CASE(odd_numbers)
{
    /* numbers that are no call of the native table: none may be taken for one of it */
    struct line l;
    struct text path;
    int fd = make_file("f", "", 0644);
    SC(0x40000000L | SYS_close, 777); /* the x32 bit */
    SC(0x40000000L | SYS_unlink, "none");
    SC(512 + SYS_close, 777), SC(1024 + SYS_close, 777), SC(65536 + SYS_close, 777);
    SC(-1L, 777), SC(INT_MIN, 777), SC(INT_MAX, 777);
    /* the kernel looks at the low half only: this is a close */
    fd_path(&path, fd);
    ev(&l, "file.close", "close", OK(SC(0x100000000L | SYS_close, fd)));
    a_int(&l, "fd", fd), a_null(&l, "first"), a_null(&l, "last"), a_null(&l, "flags"), a_path(&l, "path", &path);
    ev_end(&l);
    CHECK(!is_open(fd));
}
