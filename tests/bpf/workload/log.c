/* The log: JSON lines in shared memory, one expected event a line, in order within each thread. */
#include "workload.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>

extern const char *case_name;
struct shared {
    size_t n;
    int announced;
    char text[64 << 20];
};
static struct shared *shared;

void log_open(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == MAP_FAILED) {
        perror("log");
        exit(3);
    }
}

int log_write(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(shared->text, 1, shared->n, file) != shared->n || fclose(file)) {
        perror(path);
        return 3;
    }
    return 0;
}

static void append(const char *text, size_t n)
{
    size_t at = __atomic_fetch_add(&shared->n, n, __ATOMIC_SEQ_CST);
    if (at + n > sizeof shared->text)
        abort();
    memcpy(shared->text + at, text, n);
}

static void put(struct line *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(l->text + l->n, sizeof l->text - l->n, format, arguments);
    va_end(arguments);
    l->n += n;
    if (l->n >= sizeof l->text)
        abort();
}

/* length of the valid UTF-8 sequence at p, 0 where there is none (RFC 3629: no overlong forms, no surrogates) */
static int utf8(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    int more = p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : p[0] >= 0xe0 && p[0] < 0xf0 ? 2 : p[0] >= 0xf0 && p[0] < 0xf5 ? 3 : 0;
    if (!more || n <= (size_t)more)
        return 0;
    for (int i = 1; i <= more; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return more + 1;
}

/* bytes as the contract writes them; true where they had to be escaped */
static bool put_text(struct line *l, const char *bytes, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    bool escaped = false;
    for (size_t i = 0; i < n && !escaped;) {
        int step = p[i] ? utf8(p + i, n - i) : 0;
        escaped = !step;
        i += step;
    }
    put(l, "\"");
    for (size_t i = 0; i < n;) {
        int step = p[i] || !escaped ? utf8(p + i, n - i) : 0;
        if (!step)
            put(l, "\\\\x%02x", p[i]), step = 1;
        else if (p[i] == '\\')
            put(l, escaped ? "\\\\\\\\" : "\\\\");
        else if (p[i] == '"')
            put(l, "\\\"");
        else if (p[i] < 0x20)
            put(l, "\\u%04x", p[i]);
        else
            put(l, "%.*s", step, p + i);
        i += step;
    }
    put(l, "\"");
    return escaped;
}

static void put_string(struct line *l, const char *text) { put_text(l, text, strlen(text)); }

bool in_pid_namespace, in_user_namespace;
int outer_parent;

void announce(void)
{
    struct who me;
    who_am_i(&me);
    for (int none = 0; !__atomic_compare_exchange_n(&shared->announced, &none, me.tid, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); none = 0)
        SC(SYS_sched_yield);
    while (__atomic_load_n(&shared->announced, __ATOMIC_SEQ_CST) == me.tid)
        SC(SYS_sched_yield);
}

int announced(void)
{
    int tid;
    while (!(tid = __atomic_exchange_n(&shared->announced, 0, __ATOMIC_SEQ_CST)))
        SC(SYS_sched_yield);
    return tid;
}

bool kernel_since(int major, int minor)
{
    struct utsname host;
    int here_major = 0, here_minor = 0;
    uname(&host);
    sscanf(host.release, "%d.%d", &here_major, &here_minor);
    return here_major > major || (here_major == major && here_minor >= minor);
}

void who_am_i(struct who *who)
{
    unsigned e, s;
    memset(who, 0, sizeof *who);
    SC(SYS_prctl, 16 /* PR_GET_NAME */, who->comm);
    char text[64];
    long n = SC(SYS_readlinkat, proc_fd, "thread-self", text, sizeof text - 1);
    text[n < 0 ? 0 : n] = 0;
    if (sscanf(text, "%d/task/%d", &who->pid, &who->tid) != 2)
        abort();
    who->ppid = in_pid_namespace ? outer_parent : SC(SYS_getppid);
    SC(SYS_getresuid, &who->ruid, &e, &s);
    who->uid = e;
    who->gid = SC(SYS_getegid);
    if (in_user_namespace)
        who->uid = who->gid = who->ruid = 0;
}

void ev_as(struct line *l, const struct who *who, const char *type, const char *call, long result)
{
    l->n = l->marks_n = l->may_n = 0;
    l->first = true;
    l->no_duration = false;
    l->abi = NULL;
    put(l, "{\"case\":\"%s\",\"event_type\":\"%s\",\"syscall\":", case_name, type);
    call ? put(l, "\"%s\"", call) : put(l, "null");
    put(l, ",\"comm\":");
    put_string(l, who->comm);
    put(l, ",\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":%u,\"gid\":%u,\"ruid\":%u,", who->pid, who->tid, who->ppid, who->uid, who->gid, who->ruid);
    if (result == NO_RESULT)
        put(l, "\"result\":null,\"error\":null");
    else if (result <= -512 && result >= -516)
        put(l, "\"result\":null,\"error\":\"%s\"", result == -512 ? "ERESTARTSYS" : result == -513 ? "ERESTARTNOINTR" : result == -514 ? "ERESTARTNOHAND" : "?");
    else if (result < 0 && result >= -4095)
        put(l, "\"result\":%ld,\"error\":\"%s\"", result, strerrorname_np(-result));
    else
        put(l, "\"result\":%ld,\"error\":null", result);
    put(l, ",\"arguments\":{");
}

void ev(struct line *l, const char *type, const char *call, long result)
{
    struct who who;
    who_am_i(&who);
    ev_as(l, &who, type, call, result);
}

void ev_end(struct line *l)
{
    put(l, "},\"incomplete\":[%.*s],\"may\":[%.*s],\"no_duration\":%s,\"abi\":", (int)l->marks_n, l->marks, (int)l->may_n, l->may, l->no_duration ? "true" : "false");
    l->abi ? put(l, "\"%s\"}\n", l->abi) : put(l, "null}\n");
    append(l->text, l->n);
}

static void key(struct line *l, const char *name)
{
    put(l, "%s\"%s\":", l->first ? "" : ",", name);
    l->first = false;
}

void mark(struct line *l, const char *text) { l->marks_n += snprintf(l->marks + l->marks_n, sizeof l->marks - l->marks_n, "%s\"%s\"", l->marks_n ? "," : "", text); }
void may(struct line *l, const char *text) { l->may_n += snprintf(l->may + l->may_n, sizeof l->may - l->may_n, "%s\"%s\"", l->may_n ? "," : "", text); }

void no_duration(struct line *l) { l->no_duration = true; }
void abi(struct line *l, const char *name) { l->abi = name; }

void a_json(struct line *l, const char *name, const char *json) { key(l, name), put(l, "%s", json); }
void a_null(struct line *l, const char *name) { a_json(l, name, "null"); }
void a_any(struct line *l, const char *name) { a_json(l, name, "{\"any\":true}"); }
void a_bool(struct line *l, const char *name, bool value) { a_json(l, name, value ? "true" : "false"); }
void a_int(struct line *l, const char *name, long long value) { key(l, name), put(l, "%lld", value); }
void a_uint(struct line *l, const char *name, unsigned long long value) { key(l, name), put(l, "%llu", value); }
void a_hex(struct line *l, const char *name, unsigned long long value) { key(l, name), put(l, "\"0x%llx\"", value); }
void a_mode(struct line *l, const char *name, unsigned mode) { key(l, name), put(l, "\"0%03o\"", mode & 07777); }
void a_id(struct line *l, const char *name, unsigned id) { key(l, name), id == -1u ? put(l, "-1") : put(l, "%u", id); }

void a_bytes(struct line *l, const char *name, const char *bytes, size_t n)
{
    char text[64];
    key(l, name);
    if (put_text(l, bytes, n)) {
        snprintf(text, sizeof text, "%s:escaped", name);
        mark(l, text);
    }
}

void a_str(struct line *l, const char *name, const char *text) { text ? a_bytes(l, name, text, strlen(text)) : a_null(l, name); }

void a_name(struct line *l, const char *name, const char *text)
{
    char unreadable[64];
    if (readable(text)) {
        a_str(l, name, text);
        return;
    }
    a_null(l, name);
    snprintf(unreadable, sizeof unreadable, "%s:unreadable", name);
    mark(l, unreadable);
    for (const char *const *also = (const char *const[]){"path:unreadable", "oldpath:unreadable", "newpath:unreadable", NULL}; *also; also++)
        if (also[0][0] == name[0] || name[0] == 'f')
            may(l, *also);
}

void a_flags(struct line *l, const char *name, const char *text)
{
    if (!text) {
        a_null(l, name);
        return;
    }
    key(l, name);
    put(l, "\"");
    for (; *text; text++)
        if (*text != ' ')
            put(l, "%c", *text);
    put(l, "\"");
}

void a_pair(struct line *l, const char *name, const int *pair)
{
    key(l, name);
    pair ? put(l, "[%d,%d]", pair[0], pair[1]) : put(l, "null");
}

void a_strings(struct line *l, const char *name, char *const *strings)
{
    key(l, name);
    put(l, "[");
    for (int i = 0; strings[i]; i++) {
        put(l, i ? "," : "");
        put_string(l, strings[i]);
    }
    put(l, "]");
}

void broken(const char *file, int line, const char *what, long value)
{
    struct line l = {0};
    put(&l, "{\"case\":\"%s\",\"broken\":", case_name);
    char said[512];
    snprintf(said, sizeof said, "%s:%d: %.300s (%ld)", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, what, value);
    put_string(&l, said);
    put(&l, "}\n");
    append(l.text, l.n);
}

long ok_(const char *file, int line, const char *what, long r)
{
    if (r < 0 && r >= -4095)
        broken(file, line, what, r);
    return r;
}

long fails_(const char *file, int line, const char *what, int error, long r)
{
    if (r != -error)
        broken(file, line, what, r);
    return r;
}
