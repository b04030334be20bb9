// Makes processes that end at once: `births COUNT RATE`. COUNT of them as fast as it can, then RATE a second until it is killed.
// Half of them are children of the others; every twentieth runs /bin/true.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pair(long number) {
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            if (number % 10 == 0) execl("/bin/true", "true", (char *)NULL);
            _exit(0);
        }
        waitpid(grandchild, NULL, 0);
        _exit(number % 7 == 0);
    }
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long count = atol(argv[1]), rate = atol(argv[2]), made = 0;
    for (; made * 2 < count; made++) pair(made);
    printf("ready\n");
    fflush(stdout);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;; made++) {
        pair(made);
        due.tv_nsec += 2000000000L / rate;
        while (due.tv_nsec >= 1000000000L) due.tv_nsec -= 1000000000L, due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}
