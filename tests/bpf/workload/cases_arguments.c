/* Arguments: every symbol's edge, what has no symbol, structures that are too small or too large, sums, 64-bit numbers. */
#include "workload.h"

#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void a_flags_of(struct line *l, const char *name, const char *text) { text ? a_flags(l, name, text) : (a_null(l, name), (void)0); }
static void a_at(struct line *l, int dirfd) { dirfd == AT_FDCWD ? a_str(l, "dirfd", "AT_FDCWD") : a_int(l, "dirfd", dirfd); }

/* ---- openat2 ---- */

static long openat2_of(int dirfd, const char *name, const void *how, size_t size, const char *flags, const char *mode, const char *resolve, const char *path_of, bool creates)
{
    struct text path;
    struct line l;
    joined(&path, dirfd, path_of ? path_of : name);
    long r = SC(SYS_openat2, dirfd, name, how, size);
    if (r >= 0)
        fd_path(&path, r);
    ev(&l, creates ? "file.create" : "file.open", "openat2", r);
    a_at(&l, dirfd), a_name(&l, "filename", name), a_path(&l, "path", &path);
    a_flags_of(&l, "flags", flags), creates ? a_str(&l, "mode", mode) : a_null(&l, "mode"), a_flags_of(&l, "resolve", resolve);
    if (creates)
        r < 0 ? a_null(&l, "created") : a_bool(&l, "created", true);
    r < 0 ? a_null(&l, "fd") : a_int(&l, "fd", r);
    if (!flags)
        mark(&l, "flags:unreadable"), mark(&l, "resolve:unreadable");
    ev_end(&l);
    return r;
}

CASE(open_how)
{
    struct { struct open_how how; uint64_t more[100]; } big = {.how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV}};
    OK(do_mkdir("d", 0755));
    OK(do_close(make_file("d/f", "text", 0644)));
    int dir = OK(do_openat(AT_FDCWD, "d", F(O_RDONLY|O_DIRECTORY), 0));
    OK(do_close(OK(openat2_of(dir, "f", &big, sizeof big.how, "O_RDONLY", NULL, "RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS|RESOLVE_BENEATH", NULL, false))));
    OK(do_close(OK(openat2_of(dir, "f", &big, sizeof big, "O_RDONLY", NULL, "RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS|RESOLVE_BENEATH", NULL, false)))); /* larger, the rest zero */
    big.more[99] = 1;
    FAILS(E2BIG, openat2_of(dir, "f", &big, sizeof big, "O_RDONLY", NULL, "RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS|RESOLVE_BENEATH", NULL, false));
    FAILS(EXDEV, openat2_of(dir, "../d/f", &big, sizeof big.how, "O_RDONLY", NULL, "RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS|RESOLVE_BENEATH", NULL, false));
    FAILS(EXDEV, openat2_of(dir, "/f", &big, sizeof big.how, "O_RDONLY", NULL, "RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS|RESOLVE_BENEATH", NULL, false));
    /* the directory is the root: an absolute name begins there */
    big.how.resolve = RESOLVE_IN_ROOT;
    OK(do_close(OK(openat2_of(dir, "/f", &big, sizeof big.how, "O_RDONLY", NULL, "RESOLVE_IN_ROOT", "f", false))));
    FAILS(ENOENT, openat2_of(dir, "//no/./such", &big, sizeof big.how, "O_RDONLY", NULL, "RESOLVE_IN_ROOT", "no/such", false));
    FAILS(ENOENT, openat2_of(AT_FDCWD, "/etc/hostname", &big, sizeof big.how, "O_RDONLY", NULL, "RESOLVE_IN_ROOT", "etc/hostname", false));
    /* what has no name */
    big.how = (struct open_how){.flags = O_RDWR | (1ULL << 40) | 8, .resolve = 0x8000000000000001};
    FAILS(EINVAL, openat2_of(dir, "f", &big, sizeof big.how, "O_RDWR|0x10000000008", NULL, "RESOLVE_NO_XDEV|0x8000000000000000", NULL, false));
    big.how = (struct open_how){.flags = O_WRONLY | O_CREAT | O_EXCL, .mode = 06751, .resolve = RESOLVE_CACHED};
    FAILS(EAGAIN, openat2_of(dir, "g", &big, sizeof big.how, "O_WRONLY|O_CREAT|O_EXCL", "06751", "RESOLVE_CACHED", NULL, true));
    big.how.resolve = 0;
    OK(do_close(OK(openat2_of(dir, "g", &big, sizeof big.how, "O_WRONLY|O_CREAT|O_EXCL", "06751", "0", NULL, true))));
    FAILS(EINVAL, openat2_of(dir, "g", &(struct open_how){.flags = O_RDONLY, .mode = 0600}, sizeof big.how, "O_RDONLY", NULL, "0", NULL, false));
    /* too small: what was not passed is not there */
    struct line l;
    struct text path;
    big.how = (struct open_how){.flags = O_RDONLY | O_CREAT, .mode = 0600, .resolve = RESOLVE_IN_ROOT};
    for (size_t size = 0; size < 24; size += 4) {
        long r = FAILS(EINVAL, SC(SYS_openat2, dir, "f", &big, size));
        joined(&path, dir, "f");
        ev(&l, size < 8 ? "file.open" : "file.create", "openat2", r);
        a_at(&l, dir), a_str(&l, "filename", "f"), a_path(&l, "path", &path);
        if (size < 8)
            a_null(&l, "flags"), a_null(&l, "mode"), a_null(&l, "resolve"), mark(&l, "flags:unreadable"), mark(&l, "resolve:unreadable");
        else
            a_flags(&l, "flags", "O_RDONLY|O_CREAT"), size < 16 ? a_null(&l, "mode") : a_str(&l, "mode", "0600"), a_null(&l, "resolve"), a_null(&l, "created");
        a_null(&l, "fd");
        ev_end(&l);
    }
    FAILS(EFAULT, openat2_of(dir, "f", BAD, sizeof big.how, NULL, NULL, NULL, NULL, false));
    OK(do_close(dir));
}

CASE(open_flags)
{
    OK(do_close(OK(do_openat(AT_FDCWD, "f", F(O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_NONBLOCK|O_NOCTTY|O_CLOEXEC|O_NOFOLLOW|O_NOATIME), 01755))));
    OK(do_close(OK(do_openat(AT_FDCWD, "f", O_WRONLY | O_SYNC | 0100000, "O_WRONLY|O_SYNC|O_LARGEFILE", 0))));
    OK(do_close(OK(do_openat(AT_FDCWD, "f", F(O_RDONLY|O_DSYNC|FASYNC), 0))));
    OK(do_close(OK(do_openat(AT_FDCWD, "f", 04000000, "O_RDONLY|__O_SYNC", 0))));
    OK(do_close(OK(do_openat(AT_FDCWD, ".", F(O_RDONLY|O_DIRECTORY|O_PATH), 0))));
    OK(do_close(OK(do_openat(AT_FDCWD, ".", F(O_RDWR|O_TMPFILE|O_PATH), 0600)))); /* O_PATH beats O_TMPFILE: nothing is made */
    OK(do_close(OK(do_openat(AT_FDCWD, "f", 3, "0x3", 0)))); /* no access of its own, for ioctl */
    OK(do_close(OK(do_openat(AT_FDCWD, "f", 0x40000000 | 8, "O_RDONLY|0x40000008", 0))));
    long both = do_openat(AT_FDCWD, "f", F(O_RDWR|O_CREAT|O_DIRECTORY), 0600);
    CHECK(both == -EINVAL || both == -ENOTDIR); /* the latter before 6.4 */
    FAILS(EEXIST, do_openat(AT_FDCWD, "f", F(O_RDWR|O_CREAT|O_EXCL), 0777777));
    FAILS(EINVAL, do_openat(AT_FDCWD, ".", 020000000 | O_RDWR, "O_RDWR|__O_TMPFILE", 0600));
    FAILS(EINVAL, do_openat(AT_FDCWD, ".", F(O_RDONLY|O_TMPFILE), 0600));
    FAILS(ENOTDIR, do_openat(AT_FDCWD, "f/x", F(O_RDWR|O_TMPFILE), 0600));
    FAILS(EISDIR, do_openat(AT_FDCWD, ".", F(O_WRONLY), 0));
}

/* ---- flags of other calls ---- */

static void stated(const char *call, int dirfd, const char *name, const char *flags, const struct text *path, const struct stat *st, long r)
{
    struct line l;
    ev(&l, "file.stat", call, r);
    a_at(&l, dirfd), a_null(&l, "fd"), a_name(&l, "filename", name), a_path(&l, "path", path), a_flags(&l, "flags", flags);
    if (r < 0)
        for (const char *const *fact = (const char *const[]){"mode", "file_type", "uid", "gid", "inode", "size", NULL}; *fact; fact++)
            a_null(&l, *fact);
    else
        a_mode(&l, "mode", st->st_mode), a_str(&l, "file_type", type_name(st->st_mode)), a_uint(&l, "uid", st->st_uid), a_uint(&l, "gid", st->st_gid), a_uint(&l, "inode", st->st_ino), a_int(&l, "size", st->st_size);
    ev_end(&l);
}

static void statx_of(int dirfd, const char *name, int flags, const char *text, unsigned mask, int error)
{
    struct statx sx;
    struct text path;
    if (flags & AT_EMPTY_PATH && !(readable(name) && *name))
        dirfd == AT_FDCWD ? cwd_path(&path) : fd_path(&path, dirfd);
    else
        joined(&path, dirfd, name);
    long r = SC(SYS_statx, dirfd, name, flags, mask, &sx);
    CHECK(r == -error);
    struct stat st = {.st_mode = sx.stx_mode, .st_uid = sx.stx_uid, .st_gid = sx.stx_gid, .st_ino = sx.stx_ino, .st_size = sx.stx_size};
    stated("statx", dirfd, name, text, &path, &st, r);
}

CASE(stat_flags)
{
    struct stat st;
    struct text path;
    int fd = make_file("f", "12345", 02751), dir = OK(do_openat(AT_FDCWD, ".", F(O_RDONLY|O_PATH), 0));
    statx_of(AT_FDCWD, "f", 0, "AT_STATX_SYNC_AS_STAT", STATX_BASIC_STATS, 0);
    statx_of(dir, "f", AT_STATX_FORCE_SYNC | AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT|AT_STATX_FORCE_SYNC", STATX_SIZE, 0); /* more is filled in than asked for */
    statx_of(dir, ".//f", AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW|AT_STATX_DONT_SYNC", 0, 0);
    statx_of(fd, "", AT_EMPTY_PATH, "AT_EMPTY_PATH", STATX_BASIC_STATS, 0);
    statx_of(dir, "", AT_EMPTY_PATH, "AT_EMPTY_PATH", STATX_BASIC_STATS, 0);
    statx_of(AT_FDCWD, "", AT_EMPTY_PATH, "AT_EMPTY_PATH", STATX_BASIC_STATS, 0);
    statx_of(AT_FDCWD, "", 0, "AT_STATX_SYNC_AS_STAT", STATX_BASIC_STATS, ENOENT);
    statx_of(fd, "f", 0, "AT_STATX_SYNC_AS_STAT", STATX_BASIC_STATS, ENOTDIR);
    statx_of(AT_FDCWD, "f", 0x6000, "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC", STATX_BASIC_STATS, EINVAL);
    statx_of(AT_FDCWD, "f", 0x20200, "0x20200", STATX_BASIC_STATS, EINVAL);
    statx_of(AT_FDCWD, BAD, 0, "AT_STATX_SYNC_AS_STAT", STATX_BASIC_STATS, EFAULT);
    if (kernel_since(6, 11)) { /* NULL for a name: the descriptor alone is meant */
        statx_of(fd, NULL, AT_EMPTY_PATH, "AT_EMPTY_PATH", STATX_BASIC_STATS, 0);
        fd_path(&path, dir);
        long r = OK(SC(SYS_newfstatat, dir, NULL, &st, AT_EMPTY_PATH));
        stated("newfstatat", dir, NULL, "AT_EMPTY_PATH", &path, &st, r);
    }
    fd_path(&path, dir);
    long r = OK(SC(SYS_newfstatat, dir, "", &st, AT_EMPTY_PATH | AT_NO_AUTOMOUNT));
    stated("newfstatat", dir, "", "AT_NO_AUTOMOUNT|AT_EMPTY_PATH", &path, &st, r);
    joined(&path, dir, "f");
    stated("newfstatat", dir, "f", "AT_SYMLINK_NOFOLLOW|0x1", &path, NULL, FAILS(EINVAL, SC(SYS_newfstatat, dir, "f", &st, AT_SYMLINK_NOFOLLOW | 1)));
    OK(do_fstat(dir, &st));
    FAILS(EBADF, do_fstat(-1, &st));
    OK(do_close(fd)), OK(do_close(dir));
}

static void chmod_of(const char *call, int dirfd, const char *name, unsigned mode, const char *flags, const struct text *path, long r)
{
    struct line l;
    ev(&l, "file.chmod", call, r);
    a_at(&l, dirfd), a_null(&l, "fd"), a_name(&l, "filename", name), a_path(&l, "path", path), a_mode(&l, "mode", mode), a_flags_of(&l, "flags", flags);
    ev_end(&l);
}

static void removal_of(int dirfd, const char *name, int flags, const char *text, int error)
{
    struct line l;
    struct text path;
    joined(&path, dirfd, name);
    long r = FAILS(error, SC(SYS_unlinkat, dirfd, name, flags));
    ev(&l, flags & AT_REMOVEDIR ? "file.rmdir" : "file.delete", "unlinkat", r);
    a_at(&l, dirfd), a_str(&l, "filename", name), a_path(&l, "path", &path);
    if (!(flags & AT_REMOVEDIR))
        a_flags(&l, "flags", text);
    ev_end(&l);
}

static void two_names(const char *type, const char *call, int from, const char *old, int to, const char *new, const char *flags, const struct text *oldpath, const struct text *newpath, long r)
{
    struct line l;
    ev(&l, type, call, r);
    from == AT_FDCWD ? a_str(&l, "olddirfd", "AT_FDCWD") : a_int(&l, "olddirfd", from);
    a_name(&l, "oldname", old), a_path(&l, "oldpath", oldpath);
    to == AT_FDCWD ? a_str(&l, "newdirfd", "AT_FDCWD") : a_int(&l, "newdirfd", to);
    a_name(&l, "newname", new), a_path(&l, "newpath", newpath), a_flags(&l, "flags", flags);
    ev_end(&l);
}

CASE(flags_at)
{
    struct text path, oldpath, newpath;
    struct stat st;
    int fd = make_file("f", "12345", 0644);
    joined(&path, AT_FDCWD, "f");
    chmod_of("fchmodat", AT_FDCWD, "f", 0177777, NULL, &path, OK(SC(SYS_fchmodat, AT_FDCWD, "f", 0177777)));
    if (kernel_since(6, 6)) {
        chmod_of("fchmodat2", fd, "", 0600, "AT_EMPTY_PATH", &path, OK(SC(SYS_fchmodat2, fd, "", 0600, AT_EMPTY_PATH)));
        chmod_of("fchmodat2", AT_FDCWD, "f", 07000, "0x8", &path, FAILS(EINVAL, SC(SYS_fchmodat2, AT_FDCWD, "f", 07000, 8)));
        chmod_of("fchmodat2", AT_FDCWD, "f", 0, "0", &path, OK(SC(SYS_fchmodat2, AT_FDCWD, "f", 0, 0)));
    }
    OK(do_fstat(fd, &st));
    removal_of(AT_FDCWD, "f", 1, "0x1", EINVAL);
    removal_of(fd, "x", 0, "0", ENOTDIR);
    removal_of(AT_FDCWD, "f", AT_REMOVEDIR, NULL, ENOTDIR);
    removal_of(AT_FDCWD, "f", AT_REMOVEDIR | 0x40000000, NULL, EINVAL);
    joined(&oldpath, AT_FDCWD, "f"), joined(&newpath, AT_FDCWD, "g");
    two_names("file.link", "linkat", fd, "", AT_FDCWD, "g", "AT_EMPTY_PATH", &oldpath, &newpath, OK(SC(SYS_linkat, fd, "", AT_FDCWD, "g", AT_EMPTY_PATH)));
    two_names("file.rename", "renameat2", AT_FDCWD, "f", AT_FDCWD, "g", "RENAME_NOREPLACE", &oldpath, &newpath, FAILS(EEXIST, SC(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1)));
    two_names("file.rename", "renameat2", AT_FDCWD, "f", AT_FDCWD, "g", "RENAME_NOREPLACE|RENAME_EXCHANGE|0x80000000", &oldpath, &newpath, FAILS(EINVAL, SC(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 0x80000003u)));
    newpath.null = oldpath.null = true;
    two_names("file.rename", "renameat2", 777, "f", 778, "g", "0", &oldpath, &newpath, FAILS(EBADF, SC(SYS_renameat2, 777, "f", 778, "g", 0)));
    two_names("file.link", "linkat", fd, "", AT_FDCWD, "", "0", &oldpath, &newpath, FAILS(ENOENT, SC(SYS_linkat, fd, "", AT_FDCWD, "", 0)));
    /* the bit of AT_EMPTY_PATH is another call's own: a file is opened by an empty name nowhere */
    FAILS(ENOENT, do_openat(fd, "", F(O_RDONLY|O_DSYNC), 0));
    OK(do_close(fd));
}

static void mapped(unsigned long addr, unsigned long n, long prot, const char *prot_text, long flags, const char *flags_text, int fd, long off, int error)
{
    struct line l;
    struct text path;
    flags & MAP_ANONYMOUS ? (void)(path.null = true) : fd_path(&path, fd);
    long r = SC(SYS_mmap, addr, n, prot, flags, fd, off);
    CHECK(error ? r == -error : r > 0);
    ev(&l, "process.mmap", "mmap", r);
    a_hex(&l, "addr", addr), a_uint(&l, "len", n), a_flags(&l, "prot", prot_text), a_flags(&l, "flags", flags_text), a_int(&l, "fd", fd), a_int(&l, "off", off), a_path(&l, "path", &path);
    ev_end(&l);
}

CASE(map_flags)
{
    struct line l;
    int fd = make_file("f", "12345", 0644);
    long at = 0x10000000;
    mapped(0, 8192, F(PROT_READ|PROT_WRITE|PROT_EXEC), F(MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|MAP_STACK), -1, 0, 0);
    mapped(at, 8192, F(PROT_NONE), F(MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED), 99, 0, 0);
    mapped(at, 8192, F(PROT_READ), F(MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE), 99, 0, EEXIST);
    mapped(0, 4096, F(PROT_READ), F(MAP_SHARED), fd, 1L << 40, 0);
    mapped(0, 4096, F(PROT_READ), MAP_SHARED_VALIDATE | 0x80000, "MAP_SHARED_VALIDATE|MAP_SYNC", fd, 0, EOPNOTSUPP);
    mapped(0, 4096, F(PROT_READ), F(MAP_PRIVATE|MAP_LOCKED|MAP_POPULATE|MAP_NONBLOCK|MAP_DENYWRITE|MAP_EXECUTABLE), fd, 0, 0);
    mapped(0, 4096, F(PROT_READ), 0, "0", fd, 0, EINVAL);
    mapped(0, 4096, F(PROT_READ), MAP_PRIVATE | MAP_HUGETLB | (21 << 26), "MAP_PRIVATE|MAP_HUGETLB|MAP_HUGE_2MB", fd, 0, EINVAL);
    mapped(0, 4096, F(PROT_READ), MAP_PRIVATE | 0x4000000, "MAP_PRIVATE|MAP_UNINITIALIZED", fd, 0, 0);
    mapped(0, 4096, F(PROT_READ), 7, "0x7", fd, 0, EINVAL);
    mapped(0, 4096, F(PROT_READ), MAP_PRIVATE, "MAP_PRIVATE", 777, 0, EBADF);
    mapped(0, 4096, F(PROT_READ), MAP_PRIVATE, "MAP_PRIVATE", fd, 1, EINVAL);
    mapped(0, 1UL << 50, F(PROT_NONE), F(MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE), -1, 0, ENOMEM);
    mapped(~0xfffUL, 4096, F(PROT_NONE), F(MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED), -1, 0, ENOMEM);
    long r = OK(SC(SYS_mprotect, at, 8192, PROT_READ | 8));
    ev(&l, "process.mprotect", "mprotect", r);
    a_hex(&l, "start", at), a_uint(&l, "len", 8192), a_flags(&l, "prot", "PROT_READ|PROT_SEM"), a_null(&l, "pkey");
    ev_end(&l);
    r = FAILS(EINVAL, SC(SYS_mprotect, at, 8192, PROT_GROWSDOWN | PROT_GROWSUP | 0x100000010));
    ev(&l, "process.mprotect", "mprotect", r);
    a_hex(&l, "start", at), a_uint(&l, "len", 8192), a_flags(&l, "prot", "PROT_GROWSDOWN|PROT_GROWSUP|0x100000010"), a_null(&l, "pkey");
    ev_end(&l);
    r = FAILS(ENOMEM, SC(SYS_mprotect, 0x20000000, 1UL << 40, PROT_NONE));
    ev(&l, "process.mprotect", "mprotect", r);
    a_hex(&l, "start", 0x20000000), a_uint(&l, "len", 1UL << 40), a_str(&l, "prot", "PROT_NONE"), a_null(&l, "pkey");
    ev_end(&l);
    OK(do_close(fd));
}

/* ---- descriptors ---- */

static void dup_of(const char *call, int old, long new, const char *flags, long r)
{
    struct line l;
    struct text path;
    fd_path(&path, old);
    ev(&l, "file.dup", call, r);
    a_int(&l, "oldfd", old);
    r >= 0 ? a_int(&l, "newfd", r) : new == -1000 ? a_null(&l, "newfd") : a_int(&l, "newfd", new);
    a_flags_of(&l, "flags", flags), a_path(&l, "path", &path);
    ev_end(&l);
}

CASE(descriptors)
{
    struct line l;
    struct rlimit few = {8, 4096};
    int fd = make_file("f", "12345", 0644);
    dup_of("dup2", fd, fd, NULL, OK(SC(SYS_dup2, fd, fd)));
    dup_of("dup2", fd, -1, NULL, FAILS(EBADF, SC(SYS_dup2, fd, -1)));
    dup_of("dup3", fd, fd, "0", FAILS(EINVAL, SC(SYS_dup3, fd, fd, 0)));
    dup_of("dup3", fd, 50, "O_CLOEXEC|0x1", FAILS(EINVAL, SC(SYS_dup3, fd, 50, O_CLOEXEC | 1)));
    dup_of("dup", -1, -1000, NULL, FAILS(EBADF, SC(SYS_dup, -1)));
    dup_of("fcntl", fd, -1000, NULL, OK(SC(SYS_fcntl, fd, F_DUPFD, 60)));
    dup_of("fcntl", fd, -1000, "O_CLOEXEC", OK(SC(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 60)));
    dup_of("fcntl", fd, -1000, NULL, FAILS(EINVAL, SC(SYS_fcntl, fd, F_DUPFD, -1)));
    dup_of("fcntl", 777, -1000, "O_CLOEXEC", FAILS(EBADF, SC(SYS_fcntl, 777, F_DUPFD_CLOEXEC, 0)));
    dup_of("fcntl", fd, -1000, NULL, OK(SC(SYS_fcntl, fd, 0xabc00000000 | F_DUPFD, 62))); /* the kernel takes 32 bits of a command */
    SC(SYS_fcntl, fd, F_GETFD), SC(SYS_fcntl, fd, F_SETFL, O_NONBLOCK), SC(SYS_fcntl, fd, 1031, 0), SC(SYS_fcntl, fd, 0xffffffff, 0); /* no events */
    ev(&l, "file.close", "close_range", FAILS(EINVAL, SC(SYS_close_range, 9, 8, 0)));
    a_null(&l, "fd"), a_int(&l, "first", 9), a_int(&l, "last", 8), a_str(&l, "flags", "0"), a_null(&l, "path");
    ev_end(&l);
    ev(&l, "file.close", "close_range", FAILS(EINVAL, SC(SYS_close_range, 0x80000000u, ~0u, 9)));
    a_null(&l, "fd"), a_uint(&l, "first", 0x80000000u), a_uint(&l, "last", ~0u), a_str(&l, "flags", "0x9"), a_null(&l, "path");
    ev_end(&l);
    ev(&l, "file.close", "close_range", OK(SC(SYS_close_range, 60, 70, 2)));
    a_null(&l, "fd"), a_int(&l, "first", 60), a_int(&l, "last", 70), a_str(&l, "flags", "CLOSE_RANGE_UNSHARE"), a_null(&l, "path");
    ev_end(&l);
    /* pairs that were not made */
    ev(&l, "process.pipe", "pipe", FAILS(EFAULT, SC(SYS_pipe, BAD)));
    a_null(&l, "fildes"), a_null(&l, "flags");
    ev_end(&l);
    ev(&l, "network.socketpair", "socketpair", FAILS(EFAULT, SC(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, BAD)));
    a_str(&l, "family", "AF_UNIX"), a_flags(&l, "type", "SOCK_SEQPACKET|SOCK_NONBLOCK"), a_int(&l, "protocol", 0), a_null(&l, "usockvec");
    ev_end(&l);
    int pair[2];
    ev(&l, "network.socketpair", "socketpair", FAILS(EAFNOSUPPORT, SC(SYS_socketpair, 99, SOCK_DGRAM, -7, pair)));
    a_str(&l, "family", "0x63"), a_str(&l, "type", "SOCK_DGRAM"), a_int(&l, "protocol", -7), a_null(&l, "usockvec");
    ev_end(&l);
    ev(&l, "network.socketpair", "socketpair", FAILS(EINVAL, SC(SYS_socketpair, AF_UNIX, 0x4000000f, 0, pair)));
    a_str(&l, "family", "AF_UNIX"), a_str(&l, "type", "0x4000000f"), a_int(&l, "protocol", 0), a_null(&l, "usockvec");
    ev_end(&l);
    SC(SYS_setrlimit, RLIMIT_NOFILE, &few);
    while (SC(SYS_eventfd2, 0, 0) >= 0)
        ;
    ev(&l, "process.pipe", "pipe2", FAILS(EMFILE, SC(SYS_pipe2, pair, O_CLOEXEC | O_DIRECT | O_NONBLOCK)));
    a_null(&l, "fildes"), a_flags(&l, "flags", "O_CLOEXEC|O_DIRECT|O_NONBLOCK");
    ev_end(&l);
    ev(&l, "network.socketpair", "socketpair", FAILS(EMFILE, SC(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair)));
    a_str(&l, "family", "AF_UNIX"), a_flags(&l, "type", "SOCK_DGRAM|SOCK_CLOEXEC"), a_int(&l, "protocol", 0), a_null(&l, "usockvec");
    ev_end(&l);
    dup_of("dup", fd, -1000, NULL, FAILS(EMFILE, SC(SYS_dup, fd)));
    FAILS(EMFILE, do_openat(AT_FDCWD, "new", F(O_WRONLY|O_CREAT), 0600)); /* made, all the same */
}

/* ---- lengths and places ---- */

static void io_of(const char *type, const char *call, int fd, unsigned long count, long offset, bool placed, long r) { log_io(type, call, fd, &count, placed ? &offset : NULL, r); }

static void truncated(int fd, const char *name, long length, long r)
{
    struct line l;
    struct text path;
    name ? joined(&path, AT_FDCWD, name) : fd_path(&path, fd);
    ev(&l, "file.truncate", name ? "truncate" : "ftruncate", r);
    a_str(&l, "filename", name), name ? a_null(&l, "fd") : a_int(&l, "fd", fd), a_path(&l, "path", &path), a_int(&l, "length", length);
    ev_end(&l);
}

CASE(wide_numbers)
{
    static char buffer[64];
    struct iovec v[3] = {{buffer, 3}, {buffer, 4}, {buffer, 5}};
    int pair[2], fd = make_file("f", "", 0644);
    struct rlimit no_end = {RLIM_INFINITY, RLIM_INFINITY};
    SC(SYS_setrlimit, RLIMIT_FSIZE, &no_end);
    truncated(-1, "f", 5L << 30, OK(SC(SYS_truncate, "f", 5L << 30)));
    truncated(fd, NULL, 6L << 30, OK(SC(SYS_ftruncate, fd, 6L << 30)));
    truncated(fd, NULL, -1, FAILS(EINVAL, SC(SYS_ftruncate, fd, -1)));
    truncated(-1, "f", LONG_MIN, FAILS(EINVAL, SC(SYS_truncate, "f", LONG_MIN)));
    io_of("file.write", "pwrite64", fd, 3, 5L << 30, true, OK(SC(SYS_pwrite64, fd, buffer, 3, 5L << 30)));
    io_of("file.read", "pread64", fd, 64, 5L << 30, true, OK(SC(SYS_pread64, fd, buffer, 64, 5L << 30)));
    io_of("file.read", "pread64", fd, 64, LONG_MIN, true, FAILS(EINVAL, SC(SYS_pread64, fd, buffer, 64, LONG_MIN)));
    io_of("file.write", "write", fd, 1UL << 63, 0, false, FAILS(EFAULT, SC(SYS_write, fd, buffer, 1UL << 63)));
    io_of("file.read", "read", fd, ~0UL, 0, false, FAILS(EFAULT, SC(SYS_read, fd, buffer, ~0UL)));
    io_of("file.read", "preadv", fd, 12, 4L << 30, true, OK(SC(SYS_preadv, fd, v, 3, 4L << 30, 0)));
    io_of("file.write", "pwritev", fd, 12, 4L << 30, true, OK(SC(SYS_pwritev, fd, v, 3, 4L << 30, 0)));
    /* preadv2: -1 is the file's own place; flags known and unknown */
    io_of("file.read", "preadv2", fd, 12, -1, true, OK(SC(SYS_preadv2, fd, v, 3, -1, -1, 0)));
    io_of("file.write", "pwritev2", fd, 7, 9, true, OK(SC(SYS_pwritev2, fd, v, 2, 9, 0, 0x10 /* RWF_APPEND */)));
    io_of("file.read", "preadv2", fd, 3, 0, true, FAILS(EOPNOTSUPP, SC(SYS_preadv2, fd, v, 1, 0, 0, 0x40000000)));
    /* sums that do not fit, vectors that cannot be read */
    v[0].iov_len = ~0UL;
    log_io("file.read", "readv", fd, NULL, NULL, FAILS(EINVAL, SC(SYS_readv, fd, v, 2)));
    io_of("file.read", "readv", fd, ~0UL, 0, false, FAILS(EINVAL, SC(SYS_readv, fd, v, 1)));
    v[0].iov_len = 0;
    io_of("file.read", "readv", fd, 0, 0, false, OK(SC(SYS_readv, fd, v, 1)));
    v[0] = (struct iovec){BAD, 7};
    io_of("file.read", "preadv", fd, 11, 0, true, FAILS(EFAULT, SC(SYS_preadv, fd, v, 2, 0, 0))); /* the vector is readable, where it points to is not */
    log_io("file.write", "writev", fd, NULL, NULL, FAILS(EINVAL, SC(SYS_writev, fd, v, 0xffffffff)));
    io_of("file.write", "writev", fd, 0, 0, false, OK(SC(SYS_writev, fd, v, 1UL << 40))); /* the kernel takes 32 bits of how many */
    OK(do_pipe(pair));
    io_of("file.read", "pread64", pair[0], 1, 0, true, FAILS(ESPIPE, SC(SYS_pread64, pair[0], buffer, 1, 0)));
    io_of("file.read", "read", pair[1], 1, 0, false, FAILS(EBADF, SC(SYS_read, pair[1], buffer, 1))); /* open, but not for reading */
    truncated(pair[1], NULL, 0, FAILS(EINVAL, SC(SYS_ftruncate, pair[1], 0)));
    OK(do_close(pair[0])), OK(do_close(pair[1])), OK(do_close(fd));
}

/* ---- signals, births ---- */

CASE(odd_signals)
{
    struct who me;
    struct line l;
    who_am_i(&me);
    SC(SYS_rt_sigaction, 32, ((long[4]){(long)SIG_IGN}), 0, 8);
    SC(SYS_rt_sigaction, 64, ((long[4]){(long)SIG_IGN}), 0, 8);
    OK(do_kill(me.pid, 32, "0x20", me.comm)); /* the C library's own */
    OK(do_kill(me.pid, 64, "SIGRTMIN+30", me.comm));
    FAILS(EINVAL, do_kill(me.pid, -1, "0xffffffff", me.comm));
    FAILS(EINVAL, do_kill(me.pid, 0x10009, "0x10009", me.comm));
    FAILS(ESRCH, do_kill(INT_MIN, SIGTERM, "SIGTERM", NULL));
    FAILS(EINVAL, SC(SYS_tkill, -5, SIGTERM));
    ev(&l, "process.kill", "tkill", -EINVAL);
    a_int(&l, "pid", -5), a_null(&l, "tgid"), a_str(&l, "sig", "SIGTERM"), a_null(&l, "target_comm");
    ev_end(&l);
    FAILS(EBADF, SC(SYS_pidfd_send_signal, -1, SIGTERM, 0, 0));
    ev(&l, "process.kill", "pidfd_send_signal", -EBADF);
    a_null(&l, "pid"), a_null(&l, "tgid"), a_str(&l, "sig", "SIGTERM"), a_null(&l, "target_comm");
    ev_end(&l);
    long r = FAILS(ESRCH, SC(SYS_ptrace, 0x9999, 0x3fffffff, ~0UL, 1));
    ev(&l, "process.ptrace", "ptrace", r);
    a_str(&l, "request", "0x9999"), a_int(&l, "pid", 0x3fffffff), a_hex(&l, "addr", ~0UL), a_hex(&l, "data", 1);
    ev_end(&l);
}

static void clone3_of(const struct clone_args *args, size_t size, const char *flags, const char *signal, int error)
{
    struct line l;
    long r = FAILS(error, SC(SYS_clone3, args, size));
    ev(&l, "process.clone", "clone3", r);
    size < 8 ? a_null(&l, "clone_flags") : a_flags(&l, "clone_flags", flags);
    size < 40 ? a_null(&l, "exit_signal") : a_str(&l, "exit_signal", signal);
    size < 48 ? a_null(&l, "newsp") : a_hex(&l, "newsp", args->stack);
    size < 64 ? a_null(&l, "tls") : a_hex(&l, "tls", args->tls);
    size < 32 ? a_null(&l, "parent_tidptr") : a_hex(&l, "parent_tidptr", args->parent_tid);
    size < 24 ? a_null(&l, "child_tidptr") : a_hex(&l, "child_tidptr", args->child_tid);
    a_null(&l, "child_tid");
    if (size < 8)
        for (const char *const *m = (const char *const[]){"clone_flags:unreadable", "exit_signal:unreadable", "newsp:unreadable", "tls:unreadable", "parent_tidptr:unreadable", "child_tidptr:unreadable", NULL}; *m; m++)
            mark(&l, *m);
    ev_end(&l);
}

CASE(clone_arguments)
{
    struct { struct clone_args args; uint64_t more[4]; } big = {.args = {.flags = 1ULL << 63 | CLONE_NEWTIME | CLONE_CLEAR_SIGHAND, .child_tid = 0x1000, .parent_tid = 0x2000, .exit_signal = SIGCHLD, .tls = 0x4000}};
    struct line l;
    clone3_of(&big.args, sizeof big.args, "CLONE_NEWTIME|CLONE_CLEAR_SIGHAND|0x8000000000000000", "SIGCHLD", EINVAL);
    clone3_of(&big.args, sizeof big, "CLONE_NEWTIME|CLONE_CLEAR_SIGHAND|0x8000000000000000", "SIGCHLD", EINVAL); /* larger, the rest zero */
    big.more[3] = 1;
    clone3_of(&big.args, sizeof big, "CLONE_NEWTIME|CLONE_CLEAR_SIGHAND|0x8000000000000000", "SIGCHLD", E2BIG);
    big.args.flags = CLONE_THREAD | 0x40, big.args.exit_signal = 0x1122334455667788;
    clone3_of(&big.args, 64, "CLONE_THREAD|0x40", "0x1122334455667788", EINVAL);
    for (size_t size = 0; size < 64; size += 8)
        clone3_of(&big.args, size, "CLONE_THREAD|0x40", "0x1122334455667788", EINVAL);
    /* clone: the signal is the low byte, and the kernel looks at 32 bits */
    long r = FAILS(EINVAL, SC(SYS_clone, 0xabc00000000 | CLONE_SIGHAND | 65, 0x1000, 0, 0, 0));
    ev(&l, "process.clone", "clone", r);
    a_flags(&l, "clone_flags", "CLONE_SIGHAND|0xabc00000000"), a_str(&l, "exit_signal", "0x41");
    a_hex(&l, "newsp", 0x1000), a_hex(&l, "tls", 0), a_hex(&l, "parent_tidptr", 0), a_hex(&l, "child_tidptr", 0), a_null(&l, "child_tid");
    ev_end(&l);
}

/* ---- users ---- */

static void ids_of(const char *call, int n, const long *passed, const unsigned *old, long r)
{
    static const char *const of_user[] = {"ruid", "euid", "suid"}, *const of_group[] = {"rgid", "egid", "sgid"};
    bool group = strchr(call, 'g');
    struct line l;
    char type[32], name[16];
    snprintf(type, sizeof type, "user.%s", call);
    ev(&l, type, call, r);
    for (int i = 0; i < n; i++)
        a_id(&l, n == 1 ? (group ? "gid" : "uid") : group ? of_group[i] : of_user[i], passed[i]);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "old_%s", n == 1 ? (group ? "gid" : "uid") : group ? of_group[i] : of_user[i]);
        a_id(&l, name, old[n == 1 ? 1 : i]);
    }
    ev_end(&l);
}

static void change(const char *call, long nr, int n, long a, long b, long c, int error)
{
    unsigned old[3];
    OK(SC(strchr(call, 'g') ? SYS_getresgid : SYS_getresuid, &old[0], &old[1], &old[2]));
    long r = SC(nr, a, b, c);
    CHECK(r == -error);
    ids_of(call, n, (long[]){a, b, c}, old, r);
}

CASE(all_ids)
{
    change("setresgid", SYS_setresgid, 3, 11, 12, 13, 0);
    change("setregid", SYS_setregid, 2, 21, -1, 0, 0);
    change("setgid", SYS_setgid, 1, 31, 0, 0, 0);
    change("setresgid", SYS_setresgid, 3, -1, -1, 0xffffffff, 0);
    change("setgid", SYS_setgid, 1, -1, 0, 0, EINVAL);
    change("setregid", SYS_setregid, 2, 4294967294, 0xabc00000029, 0, 0);
    change("setreuid", SYS_setreuid, 2, 51, -1, 0, 0);
    change("setresuid", SYS_setresuid, 3, 61, 62, 0, 0);
    change("setuid", SYS_setuid, 1, -1, 0, 0, EINVAL);
    change("setuid", SYS_setuid, 1, 61, 0, 0, 0);
    change("setreuid", SYS_setreuid, 2, -1, 99, 0, EPERM);
    change("setresuid", SYS_setresuid, 3, 4294967294, -1, 7, EPERM);
    change("setresgid", SYS_setresgid, 3, 1, 2, 3, EPERM);
}
