/* Names of files as the contract writes them. The kernel's own name of an open file is asked of /proc by readlink. */
#include "workload.h"

bool readable(const void *p) { return (uintptr_t)p >= 4096; }

bool is_open(int fd) { return SC(SYS_fcntl, fd, F_GETFD) >= 0; }

const char *type_name(unsigned mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return "regular";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symlink";
    case S_IFCHR: return "character";
    case S_IFBLK: return "block";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    default: return NULL;
    }
}

static void link_text(struct text *t, const char *name)
{
    long n = SC(SYS_readlinkat, proc_fd, name, t->s, sizeof t->s - 1);
    t->null = n < 0;
    t->n = n < 0 ? 0 : n;
    t->s[t->n] = 0;
}

void fd_path(struct text *t, int fd)
{
    char name[64];
    snprintf(name, sizeof name, "thread-self/fd/%d", fd);
    link_text(t, name);
}

void cwd_path(struct text *t) { link_text(t, "thread-self/cwd"); }

/* `//` and `/./` and a `/.` at the end go; `..` and a slash at the end stay */
static void tidy(struct text *t)
{
    char *to = t->s;
    for (char *from = t->s; *from;) {
        if (from[0] == '/' && from[1] == '/')
            from++;
        else if (from[0] == '/' && from[1] == '.' && (from[2] == '/' || !from[2]))
            from += 2;
        else
            *to++ = *from++;
    }
    if (to == t->s)
        *to++ = '/';
    *to = 0;
    t->n = to - t->s;
}

void joined(struct text *t, int dirfd, const char *name)
{
    t->null = true;
    t->n = 0;
    if (!readable(name) || !*name)
        return;
    if (*name != '/') {
        dirfd == AT_FDCWD ? cwd_path(t) : fd_path(t, dirfd);
        if (t->null)
            return;
        t->s[t->n++] = '/';
    }
    t->null = false;
    snprintf(t->s + t->n, sizeof t->s - t->n, "%s", name);
    tidy(t);
}

void a_path(struct line *l, const char *name, const struct text *t) { t->null ? a_null(l, name) : a_bytes(l, name, t->s, t->n); }
