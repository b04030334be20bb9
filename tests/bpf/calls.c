/* Makes every system call of the catalogue, and writes down what it did: one expected event a line, as JSON.
 *
 *   calls WORKDIR LOG
 *
 * WORKDIR is absolute, exists and is empty. The log lies in memory that all children share and is written at the end,
 * between two marker calls, so that logging is no event of what is compared. Only calls that are no events stand between
 * (getpid, readlink, getsockname, wait4). `"any": true` stands for what nobody outside the kernel can know.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#define ANY "{\"any\":true}"
#define BAD ((void *)16)

static struct { size_t n; char text[1 << 20]; } *shared;
static char W[4096];

/* The bare call: the kernel's own return value. */
static long sc(long n, ...) {
    long a[6];
    va_list v;
    va_start(v, n);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(v, long);
    va_end(v);
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return r;
}
#define SC_(n, a, b, c, d, e, f, ...) sc(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SC(...) SC_(__VA_ARGS__, 0L, 0L, 0L, 0L, 0L, 0L, 0L)

static void append(const char *text) {
    size_t n = strlen(text), at = __atomic_fetch_add(&shared->n, n, __ATOMIC_SEQ_CST);
    memcpy(shared->text + at, text, n);
}

/* One expected event; `more` are the marks (`"flags:unreadable"`), then the arguments as printf wants them. */
static void expect_of(long pid, long tid, long ppid, const char *type, const char *call, long r, const char *marks, const char *format, ...) {
    char line[16384], arguments[12000], result[64];
    va_list v;
    va_start(v, format);
    vsnprintf(arguments, sizeof arguments, format, v);
    va_end(v);
    if (r < 0 && r >= -4095)
        snprintf(result, sizeof result, "%ld,\"error\":\"%s\"", r, strerrorname_np(-r));
    else
        snprintf(result, sizeof result, "%ld,\"error\":null", r);
    if (!call)
        strcpy(result, strcmp(type, "process.exec") ? "null,\"error\":null" : result);
    snprintf(line, sizeof line, "{\"event_type\":\"%s\",\"syscall\":%s%s%s,\"pid\":%ld,\"tid\":%ld,\"ppid\":%ld,\"uid\":%ld,\"gid\":%ld,\"result\":%s,\"incomplete\":[%s],\"arguments\":{%s}}\n",
             type, call ? "\"" : "", call ? call : "null", call ? "\"" : "", pid, tid, ppid, SC(SYS_geteuid), SC(SYS_getegid), result, marks, arguments);
    append(line);
}
#define EXPECT(type, call, r, ...) expect_of(SC(SYS_getpid), SC(SYS_gettid), SC(SYS_getppid), type, call, r, __VA_ARGS__)
#define MUST(r) do { long r_ = (r); if (r_ < 0) { fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #r, strerrorname_np(-r_)); exit(3); } } while (0)

static const char *fd_name(int fd) {
    static char out[8][4200];
    static int turn;
    char link[64], *text = out[turn++ & 7];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, text, 4100);
    text[n < 0 ? 0 : n] = 0;
    return text;
}

/* ---- file ---- */

static long opened(const char *call, int has_dirfd, const char *dirfd, const char *name, const char *path, const char *flags, long r, const char *resolve) {
    char fd[32];
    snprintf(fd, sizeof fd, r < 0 ? "null" : "%ld", r);
    EXPECT("file.open", call, r, "", "\"dirfd\":%s,\"filename\":\"%s\",\"path\":\"%s\",\"flags\":\"%s\",\"mode\":null,\"resolve\":%s,\"fd\":%s",
           has_dirfd ? dirfd : "null", name, path, flags, resolve, fd);
    return r;
}

static long created(const char *call, const char *dirfd, const char *name, const char *path, const char *flags, const char *mode, const char *resolve, const char *made, long r) {
    char fd[32];
    snprintf(fd, sizeof fd, r < 0 ? "null" : "%ld", r);
    EXPECT("file.create", call, r, "", "\"dirfd\":%s,\"filename\":\"%s\",\"path\":\"%s\",\"flags\":\"%s\",\"mode\":\"%s\",\"resolve\":%s,\"created\":%s,\"fd\":%s",
           dirfd, name, path, flags, mode, resolve, made, fd);
    return r;
}

static void closed(int fd) {
    char path[4200];
    strcpy(path, fd_name(fd));
    long r = SC(SYS_close, fd);
    EXPECT("file.close", "close", r, "", "\"fd\":%d,\"first\":null,\"last\":null,\"flags\":null,\"path\":\"%s\"", fd, path);
}

static const char *under(const char *name) {
    static char out[8][4200];
    static int turn;
    char *text = out[turn++ & 7];
    snprintf(text, 4200, "%s/%s", W, name);
    return text;
}

static void opens(void) {
    long r = SC(SYS_creat, "c1", 0640);
    closed(created("creat", "null", "c1", under("c1"), "O_WRONLY|O_CREAT|O_TRUNC", "0640", "null", "true", r));
    closed(opened("open", 0, "", "c1", under("c1"), "O_RDWR", SC(SYS_open, "c1", O_RDWR), "null"));
    r = SC(SYS_open, "c2", O_CREAT | O_EXCL | O_RDWR, 0600);
    closed(created("open", "null", "c2", under("c2"), "O_RDWR|O_CREAT|O_EXCL", "0600", "null", "true", r));
    r = SC(SYS_open, "c2", O_CREAT | O_EXCL | O_RDWR, 0600);
    created("open", "null", "c2", under("c2"), "O_RDWR|O_CREAT|O_EXCL", "0600", "null", "null", r);
    r = SC(SYS_openat, AT_FDCWD, ".//./c1", O_CREAT | O_WRONLY, 0644);
    closed(created("openat", "\"AT_FDCWD\"", ".//./c1", under("c1"), "O_WRONLY|O_CREAT", "0644", "null", "false", r));
    opened("openat", 1, "\"AT_FDCWD\"", "no/../such//file", under("no/../such/file"), "O_RDONLY", SC(SYS_openat, AT_FDCWD, "no/../such//file", O_RDONLY), "null");
    r = SC(SYS_openat, AT_FDCWD, ".", O_RDWR | O_TMPFILE, 0600);
    closed(created("openat", "\"AT_FDCWD\"", ".", fd_name(r), "O_RDWR|O_TMPFILE", "0600", "null", "true", r));
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    closed(opened("openat2", 1, "\"AT_FDCWD\"", "c1", under("c1"), "O_RDONLY|O_CLOEXEC", SC(SYS_openat2, AT_FDCWD, "c1", &how, sizeof how), "\"RESOLVE_NO_SYMLINKS\""));
    how = (struct open_how){.flags = O_WRONLY | O_CREAT, .mode = 0604};
    r = SC(SYS_openat2, AT_FDCWD, "c3", &how, sizeof how);
    closed(created("openat2", "\"AT_FDCWD\"", "c3", under("c3"), "O_WRONLY|O_CREAT", "0604", "\"0\"", "true", r));
    r = SC(SYS_openat2, AT_FDCWD, "c1", BAD, sizeof how);
    EXPECT("file.open", "openat2", r, "\"flags:unreadable\",\"resolve:unreadable\"", "\"dirfd\":\"AT_FDCWD\",\"filename\":\"c1\",\"path\":\"%s\",\"flags\":null,\"mode\":null,\"resolve\":null,\"fd\":null", under("c1"));
    r = SC(SYS_open, BAD, O_RDONLY);
    EXPECT("file.open", "open", r, "\"filename:unreadable\"", "\"dirfd\":null,\"filename\":null,\"path\":null,\"flags\":\"O_RDONLY\",\"mode\":null,\"resolve\":null,\"fd\":null");
    r = SC(SYS_open, "", O_RDONLY);
    EXPECT("file.open", "open", r, "", "\"dirfd\":null,\"filename\":\"\",\"path\":null,\"flags\":\"O_RDONLY\",\"mode\":null,\"resolve\":null,\"fd\":null");
    r = SC(SYS_openat, 777, "c1", O_RDONLY);
    EXPECT("file.open", "openat", r, "", "\"dirfd\":777,\"filename\":\"c1\",\"path\":null,\"flags\":\"O_RDONLY\",\"mode\":null,\"resolve\":null,\"fd\":null");
    /* hostile bytes: newline and ESC are JSON's to escape; what is no UTF-8 is escaped by us */
    r = SC(SYS_creat, "n\n\033[31m", 0600);
    created("creat", "null", "n\\n\\u001b[31m", under("n\\n\\u001b[31m"), "O_WRONLY|O_CREAT|O_TRUNC", "0600", "null", "true", r);
    SC(SYS_close_range, r, r, 0);
    EXPECT("file.close", "close_range", 0, "", "\"fd\":null,\"first\":%ld,\"last\":%ld,\"flags\":\"0\",\"path\":null", r, r);
    r = SC(SYS_open, "\\\xff", O_RDONLY);
    EXPECT("file.open", "open", r, "\"filename:escaped\",\"path:escaped\"", "\"dirfd\":null,\"filename\":\"\\\\\\\\\\\\xff\",\"path\":\"%s\",\"flags\":\"O_RDONLY\",\"mode\":null,\"resolve\":null,\"fd\":null", under("\\\\\\\\\\\\xff"));
}

static void removals(int dir, const char *dirfd) {
    MUST(SC(SYS_mknod, "u1", S_IFREG | 0600));
    MUST(SC(SYS_mknodat, dir, "u2", S_IFREG | 0600));
    EXPECT("file.delete", "unlink", SC(SYS_unlink, "u1"), "", "\"dirfd\":null,\"filename\":\"u1\",\"path\":\"%s\",\"flags\":null", under("u1"));
    EXPECT("file.delete", "unlink", SC(SYS_unlink, "u1"), "", "\"dirfd\":null,\"filename\":\"u1\",\"path\":\"%s\",\"flags\":null", under("u1"));
    EXPECT("file.delete", "unlinkat", SC(SYS_unlinkat, dir, "u2", 0), "", "\"dirfd\":%s,\"filename\":\"u2\",\"path\":\"%s\",\"flags\":\"0\"", dirfd, under("d/u2"));
    EXPECT("file.mkdir", "mkdir", SC(SYS_mkdir, "r1", 0750), "", "\"dirfd\":null,\"filename\":\"r1\",\"path\":\"%s\",\"mode\":\"0750\"", under("r1"));
    EXPECT("file.mkdir", "mkdirat", SC(SYS_mkdirat, dir, "r2/", 0700), "", "\"dirfd\":%s,\"filename\":\"r2/\",\"path\":\"%s\",\"mode\":\"0700\"", dirfd, under("d/r2/"));
    EXPECT("file.rmdir", "rmdir", SC(SYS_rmdir, "r1"), "", "\"dirfd\":null,\"filename\":\"r1\",\"path\":\"%s\"", under("r1"));
    EXPECT("file.rmdir", "unlinkat", SC(SYS_unlinkat, dir, "r2", AT_REMOVEDIR), "", "\"dirfd\":%s,\"filename\":\"r2\",\"path\":\"%s\"", dirfd, under("d/r2"));
    EXPECT("file.rmdir", "rmdir", SC(SYS_rmdir, "d"), "", "\"dirfd\":null,\"filename\":\"d\",\"path\":\"%s\"", under("d"));
}

#define TWO(olddir, old, oldpath, newdir, new, newpath) "\"olddirfd\":%s,\"oldname\":\"%s\",\"oldpath\":\"%s\",\"newdirfd\":%s,\"newname\":\"%s\",\"newpath\":\"%s\",\"flags\":%s", olddir, old, oldpath, newdir, new, newpath

static void names(int dir, const char *dirfd) {
    EXPECT("file.link", "link", SC(SYS_link, "c1", "l1"), "", TWO("null", "c1", under("c1"), "null", "l1", under("l1")), "null");
    EXPECT("file.link", "linkat", SC(SYS_linkat, AT_FDCWD, "c1", dir, "l2", AT_SYMLINK_FOLLOW), "", TWO("\"AT_FDCWD\"", "c1", under("c1"), dirfd, "l2", under("d/l2")), "\"AT_SYMLINK_FOLLOW\"");
    EXPECT("file.link", "link", SC(SYS_link, "c1", "l1"), "", TWO("null", "c1", under("c1"), "null", "l1", under("l1")), "null");
    EXPECT("file.symlink", "symlink", SC(SYS_symlink, "any/target", "s1"), "", "\"oldname\":\"any/target\",\"newdirfd\":null,\"newname\":\"s1\",\"newpath\":\"%s\"", under("s1"));
    EXPECT("file.symlink", "symlinkat", SC(SYS_symlinkat, "t", dir, "s2"), "", "\"oldname\":\"t\",\"newdirfd\":%s,\"newname\":\"s2\",\"newpath\":\"%s\"", dirfd, under("d/s2"));
    EXPECT("file.rename", "rename", SC(SYS_rename, "l1", "l3"), "", TWO("null", "l1", under("l1"), "null", "l3", under("l3")), "null");
    EXPECT("file.rename", "renameat", SC(SYS_renameat, dir, "l2", AT_FDCWD, "l4"), "", TWO(dirfd, "l2", under("d/l2"), "\"AT_FDCWD\"", "l4", under("l4")), "null");
    EXPECT("file.rename", "renameat2", SC(SYS_renameat2, AT_FDCWD, "l3", AT_FDCWD, "l4", 1), "", TWO("\"AT_FDCWD\"", "l3", under("l3"), "\"AT_FDCWD\"", "l4", under("l4")), "\"RENAME_NOREPLACE\"");
    /* a directory renamed: what is open in it has another name at once */
    MUST(SC(SYS_mknod, "d/in", S_IFREG | 0600));
    int fd = opened("open", 0, "", "d/in", under("d/in"), "O_RDONLY", SC(SYS_open, "d/in", O_RDONLY), "null");
    EXPECT("file.rename", "rename", SC(SYS_rename, "d", "e"), "", TWO("null", "d", under("d"), "null", "e", under("e")), "null");
    closed(fd);
    EXPECT("file.rename", "rename", SC(SYS_rename, "e", "d"), "", TWO("null", "e", under("e"), "null", "d", under("d")), "null");
    fd = opened("open", 0, "", "d/in", under("d/in"), "O_RDONLY", SC(SYS_open, "d/in", O_RDONLY), "null");
    EXPECT("file.delete", "unlink", SC(SYS_unlink, "d/in"), "", "\"dirfd\":null,\"filename\":\"d/in\",\"path\":\"%s\",\"flags\":null", under("d/in"));
    closed(fd);
}

static void modes(int dir, const char *dirfd) {
    int fd = opened("open", 0, "", "c1", under("c1"), "O_RDWR", SC(SYS_open, "c1", O_RDWR), "null");
    EXPECT("file.chmod", "chmod", SC(SYS_chmod, "c1", 04755), "", "\"dirfd\":null,\"fd\":null,\"filename\":\"c1\",\"path\":\"%s\",\"mode\":\"04755\",\"flags\":null", under("c1"));
    EXPECT("file.chmod", "fchmod", SC(SYS_fchmod, fd, 0), "", "\"dirfd\":null,\"fd\":%d,\"filename\":null,\"path\":\"%s\",\"mode\":\"0000\",\"flags\":null", fd, under("c1"));
    EXPECT("file.chmod", "fchmodat", SC(SYS_fchmodat, dir, "nope", 0644), "", "\"dirfd\":%s,\"fd\":null,\"filename\":\"nope\",\"path\":\"%s\",\"mode\":\"0644\",\"flags\":null", dirfd, under("d/nope"));
    EXPECT("file.chmod", "fchmodat2", SC(SYS_fchmodat2, AT_FDCWD, "c1", 0640, AT_SYMLINK_NOFOLLOW), "", "\"dirfd\":\"AT_FDCWD\",\"fd\":null,\"filename\":\"c1\",\"path\":\"%s\",\"mode\":\"0640\",\"flags\":\"AT_SYMLINK_NOFOLLOW\"", under("c1"));
    struct stat st;
    struct statx sx;
#define UNSTATED "\"mode\":null,\"file_type\":null,\"uid\":null,\"gid\":null,\"inode\":null,\"size\":null"
#define STATED "\"mode\":\"0%03o\",\"file_type\":\"%s\",\"uid\":%u,\"gid\":%u,\"inode\":%lu,\"size\":%ld"
#define VALUES(type) st.st_mode & 07777, type, st.st_uid, st.st_gid, (unsigned long)st.st_ino, (long)st.st_size
    MUST(SC(SYS_chown, "c1", 4321, 1234)); /* owner and group are not to be taken for each other */
    long r = SC(SYS_stat, "c1", &st);
    EXPECT("file.stat", "stat", r, "", "\"dirfd\":null,\"fd\":null,\"filename\":\"c1\",\"path\":\"%s\",\"flags\":null," STATED, under("c1"), VALUES("regular"));
    r = SC(SYS_lstat, "s1", &st);
    EXPECT("file.stat", "lstat", r, "", "\"dirfd\":null,\"fd\":null,\"filename\":\"s1\",\"path\":\"%s\",\"flags\":null," STATED, under("s1"), VALUES("symlink"));
    r = SC(SYS_fstat, fd, &st);
    EXPECT("file.stat", "fstat", r, "", "\"dirfd\":null,\"fd\":%d,\"filename\":null,\"path\":\"%s\",\"flags\":null," STATED, fd, under("c1"), VALUES("regular"));
    r = SC(SYS_newfstatat, dir, "", &st, AT_EMPTY_PATH);
    EXPECT("file.stat", "newfstatat", r, "", "\"dirfd\":%s,\"fd\":null,\"filename\":\"\",\"path\":\"%s\",\"flags\":\"AT_EMPTY_PATH\"," STATED, dirfd, under("d"), VALUES("directory"));
    EXPECT("file.stat", "newfstatat", SC(SYS_newfstatat, AT_FDCWD, "/no/such", &st, 0), "", "\"dirfd\":\"AT_FDCWD\",\"fd\":null,\"filename\":\"/no/such\",\"path\":\"/no/such\",\"flags\":\"0\"," UNSTATED);
    r = SC(SYS_statx, AT_FDCWD, "c1", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx);
    EXPECT("file.stat", "statx", r, "", "\"dirfd\":\"AT_FDCWD\",\"fd\":null,\"filename\":\"c1\",\"path\":\"%s\",\"flags\":\"AT_SYMLINK_NOFOLLOW\"," STATED, under("c1"), sx.stx_mode & 07777, "regular", sx.stx_uid, sx.stx_gid, (unsigned long)sx.stx_ino, (long)sx.stx_size);
    EXPECT("file.truncate", "truncate", SC(SYS_truncate, "c1", 5L << 30), "", "\"filename\":\"c1\",\"fd\":null,\"path\":\"%s\",\"length\":5368709120", under("c1"));
    EXPECT("file.truncate", "ftruncate", SC(SYS_ftruncate, fd, 10), "", "\"filename\":null,\"fd\":%d,\"path\":\"%s\",\"length\":10", fd, under("c1"));
    EXPECT("file.truncate", "truncate", SC(SYS_truncate, "c1", -1), "", "\"filename\":\"c1\",\"fd\":null,\"path\":\"%s\",\"length\":-1", under("c1"));
    closed(fd);
}

static struct stat known; /* facts of the file that io is done on */

static void did_io(const char *type, const char *call, int fd, const char *count, const char *offset, long r) {
    EXPECT(type, call, r, "", "\"fd\":%d,\"count\":%s,\"offset\":%s,\"inode\":%lu,\"uid\":%u,\"mode\":\"0%03o\",\"file_type\":\"regular\",\"filename\":\"%s\"", fd, count, offset,
           (unsigned long)known.st_ino, known.st_uid, known.st_mode & 07777, fd_name(fd));
}

static void io(void) {
    char buffer[64] = "0123456789";
    struct iovec v[3] = {{buffer, 3}, {buffer + 3, 4}, {buffer + 7, 1}};
    MUST(SC(SYS_stat, "c1", &known));
    EXPECT("file.stat", "stat", 0, "", "\"dirfd\":null,\"fd\":null,\"filename\":\"c1\",\"path\":\"%s\",\"flags\":null," STATED, under("c1"), known.st_mode & 07777, "regular", known.st_uid, known.st_gid, (unsigned long)known.st_ino, (long)known.st_size);
    int fd = opened("open", 0, "", "c1", under("c1"), "O_RDWR", SC(SYS_open, "c1", O_RDWR), "null");
    did_io("file.write", "write", fd, "7", "null", SC(SYS_write, fd, buffer, 7));
    did_io("file.write", "pwrite64", fd, "5", "3", SC(SYS_pwrite64, fd, buffer, 5, 3));
    did_io("file.write", "writev", fd, "8", "null", SC(SYS_writev, fd, v, 3));
    did_io("file.write", "pwritev", fd, "7", "2", SC(SYS_pwritev, fd, v, 2, 2, 0));
    did_io("file.write", "pwritev2", fd, "8", "-1", SC(SYS_pwritev2, fd, v, 3, -1, 0, 0));
    did_io("file.read", "read", fd, "64", "null", SC(SYS_read, fd, buffer, 64));
    did_io("file.read", "pread64", fd, "64", "1", SC(SYS_pread64, fd, buffer, 64, 1));
    did_io("file.read", "readv", fd, "8", "null", SC(SYS_readv, fd, v, 3));
    did_io("file.read", "preadv", fd, "3", "0", SC(SYS_preadv, fd, v, 1, 0, 0));
    did_io("file.read", "preadv2", fd, "8", "4", SC(SYS_preadv2, fd, v, 3, 4, 0, 0));
    did_io("file.read", "pread64", fd, "18446744073709551615", "-5", SC(SYS_pread64, fd, buffer, -1L, -5L));
    EXPECT("file.read", "read", SC(SYS_read, 777, buffer, 1), "", "\"fd\":777,\"count\":1,\"offset\":null,\"inode\":null,\"uid\":null,\"mode\":null,\"file_type\":null,\"filename\":null");
    closed(fd);
}

static void descriptors(void) {
    int fd = opened("open", 0, "", "c1", under("c1"), "O_RDONLY", SC(SYS_open, "c1", O_RDONLY), "null"), copy;
#define DUP "\"oldfd\":%d,\"newfd\":%s,\"flags\":%s,\"path\":%s"
    char number[32], path[4300];
    snprintf(path, sizeof path, "\"%s\"", under("c1"));
    copy = SC(SYS_dup, fd), snprintf(number, 32, "%d", copy);
    EXPECT("file.dup", "dup", copy, "", DUP, fd, number, "null", path);
    closed(copy);
    EXPECT("file.dup", "dup2", SC(SYS_dup2, fd, 100), "", DUP, fd, "100", "null", path);
    EXPECT("file.dup", "dup3", SC(SYS_dup3, fd, 101, O_CLOEXEC), "", DUP, fd, "101", "\"O_CLOEXEC\"", path);
    EXPECT("file.dup", "fcntl", SC(SYS_fcntl, fd, F_DUPFD, 102), "", DUP, fd, "102", "null", path);
    EXPECT("file.dup", "fcntl", SC(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 103), "", DUP, fd, "103", "\"O_CLOEXEC\"", path);
    EXPECT("file.dup", "dup", SC(SYS_dup, 777), "", DUP, 777, "null", "null", "null");
    EXPECT("file.dup", "dup2", SC(SYS_dup2, 777, 9), "", DUP, 777, "9", "null", "null");
    EXPECT("file.close", "close_range", SC(SYS_close_range, 100, 103, 0), "", "\"fd\":null,\"first\":100,\"last\":103,\"flags\":\"0\",\"path\":null");
    EXPECT("file.close", "close_range", SC(SYS_close_range, 500, -1, CLOSE_RANGE_CLOEXEC), "", "\"fd\":null,\"first\":500,\"last\":4294967295,\"flags\":\"CLOSE_RANGE_CLOEXEC\",\"path\":null");
    EXPECT("file.close", "close", SC(SYS_close, 777), "", "\"fd\":777,\"first\":null,\"last\":null,\"flags\":null,\"path\":null");
    closed(fd);
    int pair[2];
    long r = SC(SYS_pipe, pair);
    EXPECT("process.pipe", "pipe", r, "", "\"fildes\":[%d,%d],\"flags\":null", pair[0], pair[1]);
    closed(pair[0]), closed(pair[1]);
    r = SC(SYS_pipe2, pair, O_CLOEXEC | O_NONBLOCK);
    EXPECT("process.pipe", "pipe2", r, "", "\"fildes\":[%d,%d],\"flags\":\"O_NONBLOCK|O_CLOEXEC\"", pair[0], pair[1]);
    closed(pair[0]), closed(pair[1]);
    EXPECT("process.pipe", "pipe2", SC(SYS_pipe2, pair, 1), "", "\"fildes\":null,\"flags\":\"0x1\"");
}

static void directories(int dir) {
    EXPECT("file.chdir", "chdir", SC(SYS_chdir, "d"), "", "\"filename\":\"d\",\"fd\":null,\"path\":\"%s\"", under("d"));
    EXPECT("file.chdir", "chdir", SC(SYS_chdir, "nope"), "", "\"filename\":\"nope\",\"fd\":null,\"path\":\"%s\"", under("d/nope"));
    EXPECT("file.chdir", "fchdir", SC(SYS_fchdir, dir), "", "\"filename\":null,\"fd\":%d,\"path\":\"%s\"", dir, under("d"));
    EXPECT("file.chdir", "chdir", SC(SYS_chdir, ".."), "", "\"filename\":\"..\",\"fd\":null,\"path\":\"%s\"", W);
}

/* ---- process ---- */

static void forked(const char *call, long child, int thread, const char *clone_arguments) {
    EXPECT("process.fork", NULL, 0, "", "\"parent_pid\":%ld,\"parent_comm\":\"calls\",\"child_pid\":%ld,\"child_tid\":%ld,\"child_comm\":\"calls\",\"thread\":%s", SC(SYS_getpid),
           thread ? SC(SYS_getpid) : child, child, thread ? "true" : "false");
    EXPECT("process.clone", call, child, "", "%s,\"child_tid\":%ld", clone_arguments, child);
}
static void ended(const char *code, const char *signal, const char *core) {
    EXPECT("process.exit", NULL, 0, "", "\"exit_code\":%s,\"signal\":%s,\"core_dumped\":%s,\"prio\":%d,\"pid\":%ld,\"comm\":\"calls\",\"group_dead\":true,\"lifetime_ns\":" ANY, code, signal, core, 140 - (int)SC(SYS_getpriority, 0, 0), SC(SYS_gettid));
}
#define PLAIN "\"clone_flags\":null,\"exit_signal\":null,\"newsp\":null,\"tls\":null,\"parent_tidptr\":null,\"child_tidptr\":null"

static char stack[65536] __attribute__((aligned(16)));
static int thread_main(void *unused) {
    (void)unused;
    EXPECT("file.close", "close", SC(SYS_close, 778), "", "\"fd\":778,\"first\":null,\"last\":null,\"flags\":null,\"path\":null");
    expect_of(SC(SYS_getpid), SC(SYS_gettid), SC(SYS_getppid), "process.exit", NULL, 0, "", "\"exit_code\":5,\"signal\":null,\"core_dumped\":false,\"prio\":%d,\"pid\":%ld,\"comm\":\"calls\",\"group_dead\":false,\"lifetime_ns\":" ANY, 140 - (int)SC(SYS_getpriority, 0, 0), SC(SYS_gettid));
    SC(SYS_exit, 5);
    return 0;
}

static void births(void) {
    long child = SC(SYS_fork);
    if (!child)
        ended("7", "null", "false"), SC(SYS_exit_group, 7);
    forked("fork", child, 0, PLAIN);
    SC(SYS_wait4, child, 0, 0, 0);
    child = SC(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (!child)
        EXPECT("process.kill", "kill", 0, "", "\"pid\":%ld,\"tgid\":null,\"sig\":\"SIGTERM\",\"target_comm\":\"calls\"", SC(SYS_getpid)), ended("null", "\"SIGTERM\"", "false"), SC(SYS_kill, SC(SYS_getpid), SIGTERM);
    forked("clone", child, 0, "\"clone_flags\":\"0\",\"exit_signal\":\"SIGCHLD\",\"newsp\":\"0x0\",\"tls\":\"0x0\",\"parent_tidptr\":\"0x0\",\"child_tidptr\":\"0x0\"");
    SC(SYS_wait4, child, 0, 0, 0);
    struct clone_args args = {.flags = CLONE_FS | CLONE_FILES, .exit_signal = SIGUSR1};
    signal(SIGUSR1, SIG_IGN);
    child = SC(SYS_clone3, &args, sizeof args);
    if (!child)
        ended("0", "null", "false"), SC(SYS_exit_group, 0);
    forked("clone3", child, 0, "\"clone_flags\":\"CLONE_FS|CLONE_FILES\",\"exit_signal\":\"SIGUSR1\",\"newsp\":\"0x0\",\"tls\":\"0x0\",\"parent_tidptr\":\"0x0\",\"child_tidptr\":\"0x0\"");
    SC(SYS_wait4, child, 0, __WALL, 0);
    EXPECT("process.clone", "clone3", SC(SYS_clone3, BAD, sizeof args), "\"clone_flags:unreadable\",\"exit_signal:unreadable\",\"newsp:unreadable\",\"tls:unreadable\",\"parent_tidptr:unreadable\",\"child_tidptr:unreadable\"", PLAIN ",\"child_tid\":null");
    child = vfork();
    if (!child)
        _exit(3);
    expect_of(child, child, SC(SYS_getpid), "process.exit", NULL, 0, "", "\"exit_code\":3,\"signal\":null,\"core_dumped\":false,\"prio\":%d,\"pid\":%ld,\"comm\":\"calls\",\"group_dead\":true,\"lifetime_ns\":" ANY, 140 - (int)SC(SYS_getpriority, 0, 0), child);
    forked("vfork", child, 0, PLAIN);
    SC(SYS_wait4, child, 0, 0, 0);
    int gone = 1;
    long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
    long top = (long)(stack + sizeof stack);
    child = clone(thread_main, (void *)top, flags, NULL, NULL, NULL, &gone);
    char said[600];
    snprintf(said, sizeof said, "\"clone_flags\":\"CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_CHILD_CLEARTID\",\"exit_signal\":\"0\",\"newsp\":" ANY ",\"tls\":\"0x0\",\"parent_tidptr\":\"0x0\",\"child_tidptr\":\"%p\"", (void *)&gone);
    forked("clone", child, 1, said);
    while (__atomic_load_n(&gone, __ATOMIC_SEQ_CST))
        SC(SYS_futex, &gone, 0, 1, 0);
}

static void programs(void) {
    char *argv[] = {"called", "one two", "\xc3\xa4", NULL};
    char joined[4300];
    EXPECT("process.exec", "execve", SC(SYS_execve, "no/such", argv, 0), "", "\"filename\":\"no/such\",\"path\":\"%s\",\"interpreter\":null,\"old_pid\":%ld,\"dirfd\":null,\"flags\":null,\"argv\":[\"called\",\"one two\",\"\xc3\xa4\"],\"cwd\":\"%s\"", under("no/such"), SC(SYS_gettid), W);
    EXPECT("process.exec", "execve", SC(SYS_execve, "c1", argv, 0), "", "\"filename\":\"c1\",\"path\":\"%s\",\"interpreter\":null,\"old_pid\":%ld,\"dirfd\":null,\"flags\":null,\"argv\":[\"called\",\"one two\",\"\xc3\xa4\"],\"cwd\":\"%s\"", under("c1"), SC(SYS_gettid), W);
    EXPECT("process.exec", "execveat", SC(SYS_execveat, AT_FDCWD, "no", argv, 0, AT_SYMLINK_NOFOLLOW), "", "\"filename\":\"no\",\"path\":\"%s\",\"interpreter\":null,\"old_pid\":%ld,\"dirfd\":\"AT_FDCWD\",\"flags\":\"AT_SYMLINK_NOFOLLOW\",\"argv\":[\"called\",\"one two\",\"\xc3\xa4\"],\"cwd\":\"%s\"", under("no"), SC(SYS_gettid), W);
    /* the program, by a relative name */
    MUST(SC(SYS_symlink, "/bin/true", "prog"));
    EXPECT("file.symlink", "symlink", 0, "", "\"oldname\":\"/bin/true\",\"newdirfd\":null,\"newname\":\"prog\",\"newpath\":\"%s\"", under("prog"));
    char target[4200] = "";
    if (!realpath("/bin/true", target))
        exit(3);
    long child = SC(SYS_fork);
    if (!child) {
        snprintf(joined, sizeof joined, "{\"loose\":%ld}\n", SC(SYS_getpid)), append(joined);  // in one piece: the parent writes meanwhile
        EXPECT("process.exec", "execve", 0, "", "\"filename\":\"./prog\",\"path\":\"%s\",\"interpreter\":null,\"old_pid\":%ld,\"dirfd\":null,\"flags\":null,\"argv\":[\"called\",\"one two\",\"\xc3\xa4\"],\"cwd\":\"%s\"", target, SC(SYS_gettid), W);
        SC(SYS_execve, "./prog", argv, 0);
        SC(SYS_exit_group, 99);
    }
    forked("fork", child, 0, PLAIN);
    SC(SYS_wait4, child, 0, 0, 0);
    /* a script, relative to a descriptor */
    int fd = SC(SYS_open, "d/script", O_CREAT | O_WRONLY, 0755);
    created("open", "null", "d/script", under("d/script"), "O_WRONLY|O_CREAT", "0755", "null", "true", fd);
    SC(SYS_stat, "d/script", &known);
    EXPECT("file.stat", "stat", 0, "", "\"dirfd\":null,\"fd\":null,\"filename\":\"d/script\",\"path\":\"%s\",\"flags\":null," STATED, under("d/script"), known.st_mode & 07777, "regular", known.st_uid, known.st_gid, (unsigned long)known.st_ino, (long)known.st_size);
    did_io("file.write", "write", fd, "12", "null", SC(SYS_write, fd, "#!/bin/true\n", 12));
    closed(fd);
    int dir = opened("open", 0, "", "d", under("d"), "O_RDONLY|O_DIRECTORY", SC(SYS_open, "d", O_RDONLY | O_DIRECTORY), "null");
    child = SC(SYS_fork);
    if (!child) {
        snprintf(joined, sizeof joined, "{\"loose\":%ld}\n", SC(SYS_getpid)), append(joined);  // in one piece: the parent writes meanwhile
        EXPECT("process.exec", "execveat", 0, "", "\"filename\":\"script\",\"path\":\"%s\",\"interpreter\":\"%s\",\"old_pid\":%ld,\"dirfd\":%d,\"flags\":\"0\",\"argv\":[\"/bin/true\",\"/dev/fd/%d/script\",\"one two\",\"\xc3\xa4\"],\"cwd\":\"%s\"", under("d/script"), target, SC(SYS_gettid), dir, dir, W);
        SC(SYS_execveat, dir, "script", argv, 0, 0);
        SC(SYS_exit_group, 99);
    }
    forked("fork", child, 0, PLAIN);
    SC(SYS_wait4, child, 0, 0, 0);
    closed(dir);
}

static void signals(void) {
    long me = SC(SYS_getpid), tid = SC(SYS_gettid);
    siginfo_t info = {.si_code = SI_QUEUE, .si_signo = SIGUSR1};
    info.si_pid = me;
#define KILLED "\"pid\":%ld,\"tgid\":%s,\"sig\":\"%s\",\"target_comm\":%s"
    char self[32];
    snprintf(self, sizeof self, "%ld", me);
    signal(SIGUSR1, SIG_IGN), signal(SIGRTMIN + 2, SIG_IGN);
    EXPECT("process.kill", "kill", SC(SYS_kill, me, 0), "", KILLED, me, "null", "0", "\"calls\"");
    EXPECT("process.kill", "kill", SC(SYS_kill, 0x3fffffff, SIGKILL), "", KILLED, 0x3fffffffL, "null", "SIGKILL", "null");
    EXPECT("process.kill", "kill", SC(SYS_kill, -0x3fffffffL, SIGHUP), "", KILLED, -0x3fffffffL, "null", "SIGHUP", "null");
    EXPECT("process.kill", "tkill", SC(SYS_tkill, tid, SIGUSR1), "", KILLED, tid, "null", "SIGUSR1", "\"calls\"");
    EXPECT("process.kill", "tgkill", SC(SYS_tgkill, me, tid, SIGRTMIN + 2), "", KILLED, tid, self, "SIGRTMIN+2", "\"calls\"");
    EXPECT("process.kill", "rt_sigqueueinfo", SC(SYS_rt_sigqueueinfo, me, SIGUSR1, &info), "", KILLED, me, "null", "SIGUSR1", "\"calls\"");
    EXPECT("process.kill", "rt_tgsigqueueinfo", SC(SYS_rt_tgsigqueueinfo, me, tid, SIGUSR1, &info), "", KILLED, tid, self, "SIGUSR1", "\"calls\"");
    int pidfd = SC(SYS_pidfd_open, me, 0);
    EXPECT("process.kill", "pidfd_send_signal", SC(SYS_pidfd_send_signal, pidfd, SIGUSR1, 0, 0), "", KILLED, me, "null", "SIGUSR1", "\"calls\"");
    closed(pidfd);
    EXPECT("process.ptrace", "ptrace", SC(SYS_ptrace, PTRACE_ATTACH, 0x3fffffff, 0, 0), "", "\"request\":\"PTRACE_ATTACH\",\"pid\":1073741823,\"addr\":\"0x0\",\"data\":\"0x0\"");
    EXPECT("process.ptrace", "ptrace", SC(SYS_ptrace, PTRACE_PEEKDATA, 1, 0x1234, 0x99), "", "\"request\":\"PTRACE_PEEKDATA\",\"pid\":1,\"addr\":\"0x1234\",\"data\":\"0x99\"");
}

static void memory(void) {
    int fd = opened("open", 0, "", "c2", under("c2"), "O_RDWR", SC(SYS_open, "c2", O_RDWR), "null");
#define MAPPED "\"addr\":\"%s\",\"len\":%s,\"prot\":\"%s\",\"flags\":\"%s\",\"fd\":%d,\"off\":%ld,\"path\":%s"
    char path[4300];
    snprintf(path, sizeof path, "\"%s\"", under("c2"));
    long at = SC(SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT("process.mmap", "mmap", at, "", MAPPED, "0x0", "8192", "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS", -1, 0L, "null");
    EXPECT("process.mmap", "mmap", SC(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, fd, 4096), "", MAPPED, "0x0", "4096", "PROT_READ", "MAP_SHARED", fd, 4096L, path);
    EXPECT("process.mmap", "mmap", SC(SYS_mmap, 0, -1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), "", MAPPED, "0x0", "18446744073709551615", "PROT_NONE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE", -1, 0L, "null");
    EXPECT("process.mprotect", "mprotect", SC(SYS_mprotect, at, 4096, PROT_READ), "", "\"start\":\"0x%lx\",\"len\":4096,\"prot\":\"PROT_READ\",\"pkey\":null", at);
    EXPECT("process.mprotect", "pkey_mprotect", SC(SYS_pkey_mprotect, at, 4096, PROT_READ | PROT_EXEC, -1), "", "\"start\":\"0x%lx\",\"len\":4096,\"prot\":\"PROT_READ|PROT_EXEC\",\"pkey\":-1", at);
    EXPECT("process.mprotect", "mprotect", SC(SYS_mprotect, 1, 4096, PROT_READ), "", "\"start\":\"0x1\",\"len\":4096,\"prot\":\"PROT_READ\",\"pkey\":null");
    closed(fd);
}

/* ---- network ---- */

#define NO_PEER "\"addr_len\":%s,\"family\":null,\"port\":null,\"addr\":null"
static char *q(const char *format, ...) {
    static char out[32][256];
    static int turn;
    char *text = out[turn++ & 31];
    va_list v;
    va_start(v, format);
    vsnprintf(text, 256, format, v);
    va_end(v);
    return text;
}
static char *peer(const char *length, const char *family, const char *port, const char *addr) { return q("\"addr_len\":%s,\"family\":\"%s\",\"port\":%s,\"addr\":\"%s\"", length, family, port, addr); }
static char *local(const char *addr, const char *port, const char *protocol) { return q("\"local_addr\":\"%s\",\"local_port\":%s,\"protocol\":%s", addr, port, protocol); }
static void message(const char *type, const char *call, long r, int fd, const char *length, const char *flags, const char *whom, const char *own, const char *messages, const char *bytes) {
    EXPECT(type, call, r, "", "\"fd\":%d,\"len\":%s,\"flags\":\"%s\",%s,%s,\"messages\":%s,\"bytes\":%s", fd, length, flags, whom, own, messages, bytes);
}
static int port_of(int fd) {
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    MUST(SC(SYS_getsockname, fd, &at, &n));
    return ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port : ((struct sockaddr_in6 *)&at)->sin6_port);
}

static void streams(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, from;
    socklen_t n = sizeof from;
    char buffer[64] = "0123456789";
    int server = SC(SYS_socket, AF_INET, SOCK_STREAM, 0), client = SC(SYS_socket, AF_INET, SOCK_STREAM, 0);
    EXPECT("network.bind", "bind", SC(SYS_bind, server, &any, sizeof any), "", "\"fd\":%d,%s,\"protocol\":\"IPPROTO_TCP\"", server, peer("16", "AF_INET", "0", "127.0.0.1"));
    EXPECT("network.accept", "accept", SC(SYS_accept, 777, 0, 0), "", "\"fd\":777,\"newfd\":null," NO_PEER ",\"flags\":null,\"local_addr\":null,\"local_port\":null,\"protocol\":null", "null");
    MUST(SC(SYS_listen, server, 5));
    int port = port_of(server);
    any.sin_port = htons(port);
    long r = SC(SYS_connect, client, &any, sizeof any);
    int own = port_of(client);
    char *ports = q("%d", port), *owns = q("%d", own);
    EXPECT("network.connect", "connect", r, "", "\"fd\":%d,%s,%s", client, peer("16", "AF_INET", ports, "127.0.0.1"), local("127.0.0.1", owns, "\"IPPROTO_TCP\""));
    int accepted = SC(SYS_accept, server, &from, &n);
    EXPECT("network.accept", "accept", accepted, "", "\"fd\":%d,\"newfd\":%d,%s,\"flags\":null,%s", server, accepted, peer("16", "AF_INET", owns, "127.0.0.1"), local("127.0.0.1", ports, "\"IPPROTO_TCP\""));
    n = sizeof from;
    r = SC(SYS_getpeername, accepted, &from, &n);
    EXPECT("network.getpeername", "getpeername", r, "", "\"fd\":%d,%s", accepted, peer("16", "AF_INET", owns, "127.0.0.1"));
    EXPECT("network.getpeername", "getpeername", SC(SYS_getpeername, server, &from, &n), "", "\"fd\":%d," NO_PEER, server, "null");
    /* connected: no address given, the socket's peer is named */
    message("network.send", "sendto", SC(SYS_sendto, client, buffer, 5, MSG_NOSIGNAL, 0, 0), client, "5", "MSG_NOSIGNAL", peer("null", "AF_INET", ports, "127.0.0.1"), local("127.0.0.1", owns, "\"IPPROTO_TCP\""), "null", "5");
    message("network.receive", "recvfrom", SC(SYS_recvfrom, accepted, buffer, 64, 0, 0, 0), accepted, "64", "0", peer("null", "AF_INET", owns, "127.0.0.1"), local("127.0.0.1", ports, "\"IPPROTO_TCP\""), "null", "5");
    message("network.receive", "recvfrom", SC(SYS_recvfrom, accepted, buffer, 64, MSG_DONTWAIT, 0, 0), accepted, "64", "MSG_DONTWAIT", q(NO_PEER, "null"), local("127.0.0.1", ports, "\"IPPROTO_TCP\""), "null", "null");
    closed(client);
    int other = SC(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons(1)};
    r = SC(SYS_connect, other, &six, sizeof six);
    EXPECT("network.connect", "connect", r, "", "\"fd\":%d,%s,\"local_addr\":" ANY ",\"local_port\":" ANY ",\"protocol\":\"IPPROTO_TCP\"", other, peer("28", "AF_INET6", "1", "::1"));
    closed(other), closed(accepted), closed(server);
    EXPECT("network.connect", "connect", SC(SYS_connect, 777, &any, sizeof any), "", "\"fd\":777,%s,\"local_addr\":null,\"local_port\":null,\"protocol\":null", peer("16", "AF_INET", ports, "127.0.0.1"));
}

static void datagrams(void) {
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}, from;
    socklen_t n = sizeof from;
    char buffer[64] = "0123456789";
    int a = SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0), b = SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
    EXPECT("network.bind", "bind", SC(SYS_bind, a, &at, sizeof at), "", "\"fd\":%d,%s,\"protocol\":\"IPPROTO_UDP\"", a, peer("28", "AF_INET6", "0", "::1"));
    EXPECT("network.bind", "bind", SC(SYS_bind, b, &at, sizeof at), "", "\"fd\":%d,%s,\"protocol\":\"IPPROTO_UDP\"", b, peer("28", "AF_INET6", "0", "::1"));
    char *pa = q("%d", port_of(a)), *pb = q("%d", port_of(b));
    at.sin6_port = htons(port_of(b));
    char *to_b = peer("28", "AF_INET6", pb, "::1"), *of_a = local("::1", pa, "\"IPPROTO_UDP\""), *from_a = peer("28", "AF_INET6", pa, "::1"), *of_b = local("::1", pb, "\"IPPROTO_UDP\"");
    message("network.send", "sendto", SC(SYS_sendto, a, buffer, 9, 0, &at, sizeof at), a, "9", "0", to_b, of_a, "null", "9");
    message("network.receive", "recvfrom", SC(SYS_recvfrom, b, buffer, 4, MSG_TRUNC, &from, &n), b, "4", "MSG_TRUNC", from_a, of_b, "null", "9");
    struct iovec v[2] = {{buffer, 3}, {buffer, 4}};
    struct msghdr m = {.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = v, .msg_iovlen = 2};
    message("network.send", "sendmsg", SC(SYS_sendmsg, a, &m, 0), a, "7", "0", to_b, of_a, "null", "7");
    m.msg_name = &from;
    message("network.receive", "recvmsg", SC(SYS_recvmsg, b, &m, 0), b, "7", "0", from_a, of_b, "null", "7");
    struct mmsghdr mm[2] = {{{.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = v, .msg_iovlen = 1}, 0}, {{.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = v, .msg_iovlen = 2}, 0}};
    message("network.send", "sendmmsg", SC(SYS_sendmmsg, a, mm, 2, 0), a, "10", "0", to_b, of_a, "2", "10");
    mm[0].msg_hdr.msg_name = mm[1].msg_hdr.msg_name = &from;
    message("network.receive", "recvmmsg", SC(SYS_recvmmsg, b, mm, 2, MSG_WAITFORONE, 0), b, "10", "MSG_WAITFORONE", from_a, of_b, "2", "10");
    message("network.send", "sendto", SC(SYS_sendto, b, buffer, 1, 0, 0, 0), b, "1", "0", q(NO_PEER, "null"), of_b, "null", "null");
    closed(a), closed(b);
}

static void local_sockets(void) {
    int pair[2];
    char buffer[8] = "1234567";
    long r = SC(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    EXPECT("network.socketpair", "socketpair", r, "", "\"family\":\"AF_UNIX\",\"type\":\"SOCK_STREAM|SOCK_CLOEXEC\",\"protocol\":0,\"usockvec\":[%d,%d]", pair[0], pair[1]);
    message("network.send", "sendto", SC(SYS_sendto, pair[0], buffer, 3, 0, 0, 0), pair[0], "3", "0", peer("null", "AF_UNIX", "null", ""), local("", "null", "null"), "null", "3");
    closed(pair[0]), closed(pair[1]);
    EXPECT("network.socketpair", "socketpair", SC(SYS_socketpair, AF_INET, SOCK_STREAM, 0, pair), "", "\"family\":\"AF_INET\",\"type\":\"SOCK_STREAM\",\"protocol\":0,\"usockvec\":null");
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "sock"}, from;
    socklen_t length = 2 + 4, n = sizeof from;
    int server = SC(SYS_socket, AF_UNIX, SOCK_STREAM, 0), client = SC(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    EXPECT("network.bind", "bind", SC(SYS_bind, server, &un, length), "", "\"fd\":%d,%s,\"protocol\":null", server, peer("6", "AF_UNIX", "null", "sock"));
    MUST(SC(SYS_listen, server, 5));
    EXPECT("network.connect", "connect", SC(SYS_connect, client, &un, length), "", "\"fd\":%d,%s,%s", client, peer("6", "AF_UNIX", "null", "sock"), local("", "null", "null"));
    int accepted = SC(SYS_accept4, server, &from, &n, SOCK_CLOEXEC);
    EXPECT("network.accept", "accept4", accepted, "", "\"fd\":%d,\"newfd\":%d,%s,\"flags\":\"SOCK_CLOEXEC\",%s", server, accepted, peer("2", "AF_UNIX", "null", ""), local("sock", "null", "null"));
    closed(accepted), closed(client), closed(server);
    server = SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, "\0kel\0lect", 9);
    EXPECT("network.bind", "bind", SC(SYS_bind, server, &name, 2 + 9), "\"addr:escaped\"", "\"fd\":%d,%s,\"protocol\":null", server, peer("11", "AF_UNIX", "null", "@kel\\\\x00lect"));
    closed(server);
}

/* ---- user ---- */

static void ids(void) {
    long child = SC(SYS_fork);
    if (!child) {
#define ID(call, r, ...) EXPECT("user." call, call, r, "", __VA_ARGS__)
        long r = SC(SYS_setgid, 11);
        ID("setgid", r, "\"gid\":11,\"old_gid\":0");
        r = SC(SYS_setregid, -1, 12);
        ID("setregid", r, "\"rgid\":-1,\"egid\":12,\"old_rgid\":11,\"old_egid\":11");
        r = SC(SYS_setresgid, 13, -1, 14);
        ID("setresgid", r, "\"rgid\":13,\"egid\":-1,\"sgid\":14,\"old_rgid\":11,\"old_egid\":12,\"old_sgid\":12");
        r = SC(SYS_setreuid, -1, 0);
        ID("setreuid", r, "\"ruid\":-1,\"euid\":0,\"old_ruid\":0,\"old_euid\":0");
        r = SC(SYS_setresuid, 21, 22, 23);
        ID("setresuid", r, "\"ruid\":21,\"euid\":22,\"suid\":23,\"old_ruid\":0,\"old_euid\":0,\"old_suid\":0");
        r = SC(SYS_setuid, 0);
        ID("setuid", r, "\"uid\":0,\"old_uid\":22");
        r = SC(SYS_setuid, 23);
        ID("setuid", r, "\"uid\":23,\"old_uid\":22");
        ended("0", "null", "false");
        SC(SYS_exit_group, 0);
    }
    forked("fork", child, 0, PLAIN);
    SC(SYS_wait4, child, 0, 0, 0);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    strcpy(W, argv[1]);
    shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || chdir(W) || mkdir("d", 0755) || mknod("d/keep", S_IFREG | 0600, 0))
        return 3;
    int dir = open("d", O_RDONLY | O_DIRECTORY);
    char dirfd[16];
    snprintf(dirfd, sizeof dirfd, "%d", dir);
    umask(0);
    memset(stack, 0, sizeof stack);
    SC(SYS_open, "/kellect-begin", O_RDONLY);
    opens();
    removals(dir, dirfd);
    names(dir, dirfd);
    modes(dir, dirfd);
    io();
    descriptors();
    directories(dir);
    births();
    programs();
    signals();
    memory();
    streams();
    datagrams();
    local_sockets();
    ids();
    SC(SYS_open, "/kellect-end", O_RDONLY);
    FILE *log = fopen(argv[2], "w");
    if (!log || fwrite(shared->text, 1, shared->n, log) != shared->n || fclose(log))
        return 3;
    return 0;
}
