// Makes processes in every way that Linux knows, and each of them writes down what is true of it.
//
//   family LOG COUNT   about COUNT processes by two workers side by side; LOG gets a JSON object a line
//
// A line is written in one piece (O_APPEND). Numbers are those of the initial pid namespace, since /proc is its mount:
//   born    pid start forker              start in clock ticks since boot, as in /proc/PID/stat
//   exec    pid path argv cwd             written just before an exec that succeeds
//   thread  pid tid comm code             a task besides the leader; code: what it gives to exit(2), -1: swept away with the others, -2: it executes, -3: the kernel's
//   leader  pid code                      just before the leader ends and leaves its threads running
//   end     pid ppid comm code signal killer at   just before the end; code or signal -1: the other one; at: boot-clock ns
//   reaped  pid status at                 what wait() said
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOG = 100, ALIVE = 101 };
static char program[512], script[512];
static int made;

struct self { int pid, ppid; unsigned long start; char comm[32]; };

static void die(const char *what) {
    fprintf(stderr, "family: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static void say(const char *format, ...) {
    char line[4096];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (size >= (int)sizeof line || write(LOG, line, size) != size)
        die("log");
}

static void read_all(const char *path, char *text, int room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int size = fd < 0 ? -1 : read(fd, text, room - 1);
    if (size < 0)
        die(path);
    text[size] = 0;
    close(fd);
}

static struct self look_at(const char *path) {
    char text[1024], state;
    struct self s;
    read_all(path, text, sizeof text);
    char *open_ = strchr(text, '('), *close_ = strrchr(text, ')');
    s.pid = atoi(text);
    memcpy(s.comm, open_ + 1, close_ - open_ - 1);
    s.comm[close_ - open_ - 1] = 0;
    if (sscanf(close_ + 2, "%c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lu", &state, &s.ppid, &s.start) != 3)
        die("stat");
    return s;
}

static struct self look(void) { return look_at("/proc/self/stat"); }
static int outer_pid(void) { return look().pid; }

static void born(int forker) {
    struct self s = look();
    say("{\"what\":\"born\",\"pid\":%d,\"start\":%lu,\"forker\":%d}\n", s.pid, s.start, forker);
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void end_line(int code, int signal, int killer) {
    struct self s = look();
    say("{\"what\":\"end\",\"pid\":%d,\"ppid\":%d,\"comm\":\"%s\",\"code\":%d,\"signal\":%d,\"killer\":%d,\"at\":%lld}\n", s.pid, s.ppid, s.comm, code,
        signal, killer, now());
}

static void reaped(int pid, int status) { say("{\"what\":\"reaped\",\"pid\":%d,\"status\":%d,\"at\":%lld}\n", pid, status, now()); }

static void leave(int code) {
    end_line(code, -1, 0);
    _exit(code);
}

static void thread_line(int code) {
    struct self s = look_at("/proc/thread-self/stat");
    say("{\"what\":\"thread\",\"pid\":%d,\"tid\":%d,\"comm\":\"%s\",\"code\":%d}\n", outer_pid(), s.pid, s.comm, code);
}

static void exec_line(const char *path, char **argv) {
    char words[2048] = "", cwd[512];
    for (char **word = argv; *word; word++)
        sprintf(words + strlen(words), "%s\"%s\"", word == argv ? "" : ",", *word);
    say("{\"what\":\"exec\",\"pid\":%d,\"path\":\"%s\",\"argv\":[%s],\"cwd\":\"%s\"}\n", outer_pid(), path, words, getcwd(cwd, sizeof cwd));
}

static void run(const char *path, char **argv) {
    exec_line(path, argv);
    execv(path, argv);
    die("execv");
}

static void reap(int pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid)
        die("waitpid");
    reaped(pid, status);
}

static int child(void) {  // fork; the child has said that it was born
    int forker = outer_pid(), pid = fork();
    if (pid < 0)
        die("fork");
    if (!pid)
        born(forker);
    else
        made++;
    return pid;
}

static void leaf(const char *name, int execs, int code) {  // as an own program, `execs` times over
    char steps[16], last[16];
    sprintf(steps, "%d", execs);
    sprintf(last, "%d", code);
    char *argv[] = {(char *)name, "leaf", steps, last, NULL};
    run(program, argv);
}

// ---- the ways -----------------------------------------------------------------------------------------------

static void plain(int n) {
    int pid = child();
    if (!pid)
        leave(n & 127);
    reap(pid);
}

static void named(int n) {
    int pid = child();
    if (!pid) {
        char name[16];
        sprintf(name, "name (%d) x", n % 1000);
        prctl(PR_SET_NAME, name);
        leave(1);
    }
    reap(pid);
}

static void execs(int n) {
    int pid = child();
    if (!pid) {
        execl("/no/such/program", "x", NULL);
        if (n & 1 && chdir("/"))
            die("chdir");
        leaf("leaf of many words", n % 4, n & 63);
    }
    reap(pid);
}

static void scripted(int n) {
    int pid = child();
    if (!pid) {
        char *argv[] = {script, "leaf", "0", "7", NULL};
        char *seen[] = {program, script, "leaf", "0", "7", NULL};  // what the interpreter sees
        exec_line(script, seen);
        execv(script, argv);
        die("script");
    }
    reap(pid);
}

static void vforked(int n) {
    int forker = outer_pid(), pid = vfork();
    if (!pid) {
        born(forker);
        if (n & 1)
            leave(n & 31);
        leaf("vforked", 0, 3);
    }
    made++;
    reap(pid);
}

static pthread_barrier_t barrier;

static void *worker(void *code) {
    prctl(PR_SET_NAME, "worker");
    thread_line((int)(long)code);
    pthread_barrier_wait(&barrier);
    syscall(SYS_exit, (int)(long)code);
    return NULL;
}

static void *stays(void *unused) {
    thread_line(-1);
    pthread_barrier_wait(&barrier);
    for (;;)
        pause();
    return unused;
}

static pthread_t start(void *(*body)(void *), long argument) {
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    if ((errno = pthread_create(&thread, &small, body, (void *)argument)))
        die("pthread_create");
    return thread;
}

static void threads(int n) {
    int pid = child(), count = 1 + n % 5;
    if (!pid) {
        pthread_barrier_init(&barrier, NULL, count + 1);
        pthread_t all[8];
        for (int i = 0; i < count; i++)
            all[i] = start(worker, n & 1 ? 0 : i + 1);
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < count; i++)
            pthread_join(all[i], NULL);
        leave(11);
    }
    reap(pid);
}

static void swept(int n) {  // exit_group, or SIGKILL from outside, while others run
    int ready[2], pid;
    if (pipe(ready))
        die("pipe");
    pid = child();
    if (!pid) {
        pthread_barrier_init(&barrier, NULL, 4);
        for (int i = 0; i < 3; i++)
            start(stays, 0);
        pthread_barrier_wait(&barrier);
        if (n & 1)
            leave(12);
        end_line(-1, SIGKILL, look().ppid);
        if (write(ready[1], "x", 1) != 1)
            die("write");
        for (;;)
            pause();
    }
    close(ready[1]);
    char byte;
    if (!(n & 1)) {
        if (read(ready[0], &byte, 1) != 1)
            die("read");
        kill(pid, SIGKILL);
    }
    close(ready[0]);
    reap(pid);
}

static void *runs(void *unused) {  // an exec from a thread: it takes the leader's number over
    thread_line(-2);
    leaf("from a thread", 1, 21);
    return unused;
}

static void exec_from_thread(int n) {
    int pid = child();
    if (!pid) {
        pthread_barrier_init(&barrier, NULL, 2);
        start(stays, 0);
        pthread_barrier_wait(&barrier);
        start(runs, 0);
        for (;;)
            pause();
    }
    reap(pid);
}

static void *outlives(void *mode) {
    char state = 0, text[1024];
    while (state != 'Z') {  // until the leader has gone
        read_all("/proc/self/stat", text, sizeof text);
        state = strrchr(text, ')')[2];
        sched_yield();
    }
    prctl(PR_SET_NAME, "heir");
    thread_line(mode ? 31 : 30);
    end_line(mode ? 31 : 30, -1, 0);
    syscall(mode ? SYS_exit_group : SYS_exit, mode ? 31 : 30);
    return NULL;
}

static void leader_first(int n) {
    int pid = child();
    if (!pid) {
        start(outlives, n & 1);
        say("{\"what\":\"leader\",\"pid\":%d,\"code\":29}\n", outer_pid());
        syscall(SYS_exit, 29);
    }
    reap(pid);
}

static void orphan(int n) {  // a double fork; who adopts it is asked of the kernel
    int pid = child();
    if (!pid) {
        int parent = outer_pid(), second = child();
        if (second)
            leave(0);
        while (look().ppid == parent)
            sched_yield();
        if (n & 1)
            leaf("daemon", 0, 5);
        leave(6);
    }
    made++;
    reap(pid);
}

static void sibling(int n) {  // CLONE_PARENT: made by the child, its parent is ours
    int out[2], pid;
    if (pipe(out))
        die("pipe");
    pid = child();
    if (!pid) {
        int forker = outer_pid();
        struct clone_args args = {.flags = CLONE_PARENT};
        int second = syscall(SYS_clone3, &args, sizeof args);
        if (second < 0)
            die("clone3");
        if (!second) {
            born(forker);
            leave(41);
        }
        if (write(out[1], &second, sizeof second) != sizeof second)
            die("write");
        leave(40);
    }
    int second;
    close(out[1]);
    if (read(out[0], &second, sizeof second) != sizeof second)
        die("read");
    close(out[0]);
    made++;
    reap(pid);
    reap(second);
}

static void again(int n) {  // one pid, three lives
    int forker = outer_pid(), pid = child();
    if (!pid)
        leave(50);
    reap(pid);
    for (int life = 1; life < 3; life++) {
        pid_t wanted = pid;
        struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&wanted, .set_tid_size = 1};
        int next = syscall(SYS_clone3, &args, sizeof args);
        if (next < 0 && errno == EEXIST)  // somebody else has got it meanwhile
            return;
        if (next < 0)
            die("clone3 with set_tid");
        if (!next) {
            born(forker);
            if (life == 1)
                leaf("second life", 0, 51);
            leave(52);
        }
        made++;
        reap(pid);
    }
}

static void killed(int n) {
    static const int signals[] = {SIGTERM, SIGKILL, SIGUSR1, SIGSEGV};
    int ready[2], pid, signal = signals[n % 4];
    if (pipe(ready))
        die("pipe");
    pid = child();
    if (!pid) {
        end_line(-1, signal, look().ppid);
        if (write(ready[1], "x", 1) != 1)
            die("write");
        for (;;)
            pause();
    }
    char byte;
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        die("read");
    close(ready[0]);
    if (n % 3 == 0)
        kill(pid, signal);
    else if (n % 3 == 1)
        syscall(SYS_tgkill, pid, pid, signal);
    else {
        int fd = syscall(SYS_pidfd_open, pid, 0);
        if (fd < 0 || syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0))
            die("pidfd");
        close(fd);
    }
    reap(pid);
}

static void aborts(int n) {
    int pid = child();
    if (!pid) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        end_line(-1, SIGABRT, outer_pid());
        abort();
    }
    reap(pid);
}

static void space(int n) {  // a pid namespace; its first process takes the others with it
    int forker = outer_pid();
    struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
    int ready[2];
    if (pipe(ready))
        die("pipe");
    int pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        die("clone3 with CLONE_NEWPID");
    if (!pid) {
        born(forker);
        int second = child();
        if (!second) {
            end_line(-1, SIGKILL, 0);
            if (write(ready[1], "x", 1) != 1)
                die("write");
            for (;;)
                pause();
        }
        char byte;
        if (read(ready[0], &byte, 1) != 1)
            die("read");
        leave(60);
    }
    close(ready[0]);
    close(ready[1]);
    made += 2;
    reap(pid);
}

static void ring(int n) {  // io_uring's own thread in a process: nothing tells of its birth
    int pid = child();
    if (!pid) {
        struct { unsigned sq_entries, cq_entries, flags, cpu, idle, features, wq, resv[3]; unsigned char offsets[80]; } setup = {.flags = 2};  // SQPOLL
        int fd = syscall(SYS_io_uring_setup, 1, &setup);
        for (int tid = outer_pid() + 1; fd >= 0 && tid < outer_pid() + 1000; tid++) {
            char path[64];
            sprintf(path, "/proc/self/task/%d/stat", tid);
            if (access(path, F_OK))
                continue;
            struct self s;
            while (strncmp((s = look_at(path)).comm, "iou-", 4))  // it names itself
                sched_yield();
            say("{\"what\":\"thread\",\"pid\":%d,\"tid\":%d,\"comm\":\"%s\",\"code\":-3}\n", outer_pid(), tid, s.comm);
            break;
        }
        leave(80);
    }
    reap(pid);
}

static void chain(int n) {  // each the child of the one before, all alive at once
    int pid = child(), depth = 0;
    if (!pid) {
        while (depth++ < 9 && !(pid = child()))
            ;
        if (depth < 10) {
            int status;
            if (waitpid(pid, &status, 0) != pid)
                die("waitpid");
        }
        leave(70);
    }
    made += 9;
    reap(pid);
}

static void (*const ways[])(int) = {
    plain, execs, vforked, threads, orphan, plain, named, killed, exec_from_thread, leader_first, sibling, again, swept, aborts, scripted, chain, ring, space,
};

static void work(int number, int count) {
    if (number == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1))  // adopts its orphans; those of the other go to whoever is above
        die("subreaper");
    for (int n = 0; made < count; n++) {
        ways[n % (sizeof ways / sizeof *ways)](n / (int)(sizeof ways / sizeof *ways) + number);
        int pid, status;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            reaped(pid, status);
    }
    int pid, status;
    while ((pid = waitpid(-1, &status, 0)) > 0)
        reaped(pid, status);
    leave(0);
}

int main(int argc, char **argv) {
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        die("exe");
    snprintf(script, sizeof script, "%.400s.script", program);
    if (argc > 3 && !strcmp(argv[argc - 3], "leaf")) {  // by name and words, or as an interpreter by the script's name and words
        int steps = atoi(argv[argc - 2]), code = atoi(argv[argc - 1]);
        if (steps)
            leaf("once more", steps - 1, code);
        leave(code);
    }
    int log = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600), alive[2];
    int file = open(script, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    if (log < 0 || file < 0 || pipe2(alive, O_CLOEXEC) || dup2(log, LOG) < 0 || dup2(alive[1], ALIVE) < 0)
        die("files");
    dprintf(file, "#!%s\n", program);
    close(file);
    close(alive[1]);
    struct self s = look();
    say("{\"what\":\"born\",\"pid\":%d,\"start\":%lu,\"forker\":%d}\n", s.pid, s.start, s.ppid);
    exec_line(program, argv);
    int pids[2];
    for (int number = 0; number < 2; number++)
        if (!(pids[number] = child()))
            work(number, atoi(argv[2]) / 2);
    close(ALIVE);
    reap(pids[0]);
    reap(pids[1]);
    char byte;
    if (read(alive[0], &byte, 1) != 0)  // until the last one has gone, orphans included
        die("alive");
    unlink(script);
    leave(0);
}
