/* reexec FD COUNT: executes itself COUNT times by the descriptor of its directory. Static and without a C library. */
typedef long word;

static word call(word nr, word a, word b, word c, word d, word e) {
    word result;
    register word r10 __asm__("r10") = d, r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}

static word number(const char *text) {
    word value = 0;
    while (*text)
        value = value * 10 + (*text++ - '0');
    return value;
}

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

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call reexec\n");
