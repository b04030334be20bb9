/* workload --list
 * workload WORKDIR LOG HELPER CASE...
 *
 * Runs each case in a child of its own, in WORKDIR/CASE, all of whose calls from its birth to its end are in LOG. WORKDIR and
 * HELPER are absolute. What main() itself calls is no part of it. */
#include "workload.h"

#include <sys/prctl.h>

#define MAX_CASES 128
static struct {
    const char *name;
    case_function *run;
} cases[MAX_CASES];
static int cases_n;
const char *case_name = "main";
const char *work_dir;
char helper_path[PATH_MAX], helper32_path[PATH_MAX + 2];
int proc_fd;

void log_open(void);
int log_write(const char *path);

void add_case(const char *name, case_function *run)
{
    cases[cases_n].name = name;
    cases[cases_n++].run = run;
}

bool comm_of_file;

/* what a program is called that was started by its descriptor alone: by the file's name, or (before 6.14, and its backports) by the number */
static void probe_comm(void)
{
    char name[64], comm[16] = "";
    siginfo_t info;
    int fd = open(helper_path, O_PATH);
    pid_t child = fork();
    if (child == 0) {
        SC(SYS_execveat, fd, "", ((char *[]){"x", NULL}), ((char *[]){NULL}), AT_EMPTY_PATH);
        _exit(99);
    }
    waitid(P_PID, child, &info, WEXITED | WNOWAIT);
    snprintf(name, sizeof name, "/proc/%d/comm", child);
    int at = open(name, O_RDONLY);
    if (read(at, comm, sizeof comm - 1) < 0)
        exit(3);
    comm_of_file = comm[0] == 'h';
    waitpid(child, NULL, 0);
    close(at), close(fd);
}

static volatile long running;

static void too_long(int signal)
{
    (void)signal;
    broken(__FILE__, __LINE__, "a case hangs", running);
    SC(SYS_kill, running, SIGKILL);
}

static void run_case(const char *name, case_function *run)
{
    if (mkdir(name, 0777) || chdir(name)) {
        perror(name);
        exit(3);
    }
    case_name = name;
    long child = running = SC(SYS_fork);
    if (child == 0) {
        run();
        exit_group(0);
    }
    int status;
    alarm(110);
    waitpid(child, &status, 0);
    alarm(0);
    while (wait(NULL) > 0) /* a child's sibling */
        ;
    if (status)
        broken(__FILE__, __LINE__, name, status);
    if (chdir(work_dir))
        exit(3);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (int i = 0; i < cases_n; i++)
            puts(cases[i].name);
        return 0;
    }
    if (argc < 5)
        return 2;
    work_dir = argv[1];
    snprintf(helper_path, sizeof helper_path, "%s", argv[3]);
    snprintf(helper32_path, sizeof helper32_path, "%s32", helper_path);
    if (access(helper32_path, X_OK))
        *helper32_path = 0;
    int fd = open("/proc", O_PATH | O_DIRECTORY);
    proc_fd = fcntl(fd, F_DUPFD_CLOEXEC, 1000);
    close(fd);
    umask(0);
    signal(SIGALRM, too_long);
    prctl(PR_SET_DUMPABLE, 0); /* no core files, wherever the machine would put them */
    if (proc_fd < 0 || chdir(work_dir))
        return 3;
    log_open();
    probe_comm();
    for (int want = 4; want < argc; want++)
        for (int i = 0; i < cases_n; i++)
            if (!strcmp(cases[i].name, argv[want]))
                run_case(cases[i].name, cases[i].run);
    return log_write(argv[2]);
}
