/* reexec FD COUNT: executes itself COUNT times by the descriptor of its directory. Static and without a C library. */
#include "bare.h"

__attribute__((used)) static void reexec(word *stack) {
    char **argv = (char **)(stack + 1), digits[24], *at = digits + sizeof digits - 1;
    word left = number(argv[2]);
    if (!left--)
        call(231, 0, 0, 0, 0, 0); /* exit_group */
    *at = 0;
    for (word rest = left; rest || !*at; rest /= 10)
        *--at = '0' + rest % 10;
    char *again[] = {"reexec", argv[1], at, 0};
    call(322, number(argv[1]), (word)"reexec", (word)again, 0, 0); /* execveat */
    call(231, 1, 0, 0, 0, 0);
}

BEGINS_WITH(reexec);
