/* The workload makes every event type happen by each of its system calls and writes down what it did.
 *
 * Calls are made with the bare instruction, so that exactly the call named is made and the kernel's own return value is
 * seen. What happened goes to memory that all processes of a case share; main() writes it to a file at the end, because
 * writing it earlier would be events too. Between two calls only system calls are used that are no events (getsockname,
 * readlink, faccessat, wait4 ...).
 *
 * Facts come from a source other than the call under test: names of open files from readlink(/proc/thread-self/fd),
 * addresses of a peer from getsockname on the other socket, owner and inode from fstat (itself an expected event).
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* the bare call: returns what the kernel returns, touches no errno */
static inline long sc6(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return r;
}
#define SC_(n, a, b, c, d, e, f, ...) sc6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SC(...) SC_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* a flags argument and its text: F(O_RDWR|O_CREAT) */
#define F(x) (x), #x

#define BAD ((void *)16) /* an address that cannot be read */

/* ---- cases ---- */

typedef void case_function(void);
void add_case(const char *name, case_function *run);
#define CASE(name)                                                                            \
    static void case_##name(void);                                                            \
    __attribute__((constructor)) static void add_##name(void) { add_case(#name, case_##name); } \
    static void case_##name(void)

extern int proc_fd;           /* an O_PATH descriptor of /proc, open in every case */
extern char helper_path[];    /* a static program that ends with status 42 and makes no other call */
extern char helper32_path[];  /* helper32.c; empty where the compiler makes no 32-bit programs */
extern const char *work_dir;  /* absolute; a case's working directory is a subdirectory of it */
#define HELPER_STATUS 42

/* ---- log ---- */

struct who {
    char comm[16];
    int pid, tid, ppid;
    unsigned uid, gid, ruid;
};
void who_am_i(struct who *who);      /* by the numbers of the initial pid namespace */
extern bool in_pid_namespace;        /* the case is in one of its own: tasks must announce() themselves */
extern int outer_parent;             /* whose number getppid does not tell then */
extern bool in_user_namespace;       /* the case is in one of its own, and root in the initial one */
void announce(void);                 /* of a new task: tells its number to who made it */
int announced(void);                 /* waits for that number */
extern bool comm_of_file;            /* a program started by its descriptor alone is called as its file is, not by the number */
bool kernel_since(int major, int minor);

struct line {
    size_t n, marks_n, may_n;
    bool first, no_duration;
    const char *abi;
    char marks[256], may[512];
    char text[56 << 10];
};
#define NO_RESULT LONG_MIN

void ev_as(struct line *l, const struct who *who, const char *type, const char *call, long result);
void ev(struct line *l, const char *type, const char *call, long result);
void ev_end(struct line *l);
void a_null(struct line *l, const char *name);
void a_int(struct line *l, const char *name, long long value);
void a_uint(struct line *l, const char *name, unsigned long long value);
void a_hex(struct line *l, const char *name, unsigned long long value);
void a_mode(struct line *l, const char *name, unsigned mode);
void a_bool(struct line *l, const char *name, bool value);
void a_bytes(struct line *l, const char *name, const char *bytes, size_t n);
void a_str(struct line *l, const char *name, const char *text);    /* NULL: null */
void a_name(struct line *l, const char *name, const char *text);   /* a user string: marked unreadable where it is */
void a_flags(struct line *l, const char *name, const char *text);  /* NULL: null */
void a_any(struct line *l, const char *name);
void a_json(struct line *l, const char *name, const char *json);
void a_pair(struct line *l, const char *name, const int *pair);    /* NULL: null */
void a_strings(struct line *l, const char *name, char *const *strings);
void a_id(struct line *l, const char *name, unsigned id);
void mark(struct line *l, const char *text);                       /* "NAME:unreadable" must be there */
void may(struct line *l, const char *text);                        /* may be there */
void no_duration(struct line *l);                                  /* its beginning was not to be seen */
void abi(struct line *l, const char *name);                        /* another than the native one */
void broken(const char *file, int line, const char *what, long value);
#define CHECK(x) ((x) ? (void)0 : broken(__FILE__, __LINE__, #x, 0))
/* the result is as the case meant it */
#define OK(r) ok_(__FILE__, __LINE__, #r, (r))
#define FAILS(e, r) fails_(__FILE__, __LINE__, #r, e, (r))
long ok_(const char *file, int line, const char *what, long r);
long fails_(const char *file, int line, const char *what, int error, long r);

/* ---- names ---- */

struct text {
    bool null;
    size_t n;
    char s[9000];
};
void fd_path(struct text *t, int fd);                        /* null where fd is not open */
void cwd_path(struct text *t);
void joined(struct text *t, int dirfd, const char *name);    /* base directory as it is now, and name */
void a_path(struct line *l, const char *name, const struct text *t);
bool readable(const void *p);
bool is_open(int fd);
const char *type_name(unsigned mode);                        /* S_IFMT bits; NULL for none */

/* ---- calls: each makes the call, writes it down and returns what the kernel returned ---- */

long do_openat(int dirfd, const char *name, int flags, const char *text, unsigned mode);
long do_close(int fd);
long do_fstat(int fd, struct stat *st);
long do_unlink(const char *name);
long do_mkdir(const char *name, unsigned mode);
long do_rmdir(const char *name);
long do_chdir(const char *name);
long do_rename(const char *from, const char *to);
long do_pipe(int *pair);
/* a read or write that was made: count and offset NULL for null; asks fstat for the file's facts, an event of its own */
void log_io_of(const struct stat *st, const char *type, const char *call, int fd, const unsigned long *count, const long *offset, long r); /* the same, facts given */
void log_io(const char *type, const char *call, int fd, const unsigned long *count, const long *offset, long r);
long do_read(int fd, void *buffer, size_t n);
long do_write(int fd, const void *buffer, size_t n);
int make_file(const char *name, const char *text, unsigned mode); /* left open for reading and writing */

long do_fork(void);
typedef void child_function(void);
void start_thread(child_function *run, int slot); /* by clone3 */
int thread_tid(int slot);
void join_thread(int slot);
void log_exit(const struct who *who, int status, bool core, const char *group_dead); /* wait status */
_Noreturn void exit_thread(int status);  /* of a thread that is not the last one */
_Noreturn void exit_group(int status);   /* of a process with one thread */
int wait_for(int pid);                   /* wait status */
long do_kill(int pid, int signal, const char *text, const char *target_comm);
struct exec {
    const char *call;
    int dirfd;
    const char *filename;
    char *const *argv;
    int flags;
    const char *flags_text;
    const char *path;        /* NULL: base and filename joined */
    const char *interpreter; /* of a script */
    char *const *seen;       /* argv of the new program; NULL: argv */
    const char *comm;
};
void do_exec(const struct exec *e);                                        /* in a child of its own */
void log_exec(const struct who *who, const struct exec *e, int old_tid);   /* one that succeeds */
void log_exec_as(const struct who *who, const struct exec *e, int old_tid, const char *by); /* by a call of another ABI */
long make_exec(const struct exec *e);                                      /* the call alone; failed: written down */

/* ---- sockets ---- */

void a_address(struct line *l, const void *address, size_t n, long length); /* length -1: null; address NULL: nobody */
void a_protocol(struct line *l, int fd);
void a_local(struct line *l, int fd); /* local_addr, local_port, protocol */
void own_address(int fd, struct sockaddr_storage *at);
long do_bind(int fd, const void *address, size_t n);
long do_connect(int fd, const void *address, size_t n);
int accepted(int listener, const void *whom, size_t whom_n, bool ask); /* by accept4; `whom` is the peer */
void do_getpeername(int fd, const void *whom, size_t whom_n);           /* `whom` NULL: it fails */
/* a message sent or received: `whom` is the peer, NULL: none; `length` what addr_len says, -1: null */
void moved(const char *type, const char *call, int fd, size_t n, const char *flags, const void *whom, size_t whom_n, long length, long r);

#endif
