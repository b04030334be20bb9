/* For programs that are static and without a C library: what is not written in them does not happen. */
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

/* The program begins with `begin`, which gets the stack as the kernel made it: argc, argv, … It does not return. */
#define BEGINS_WITH(begin) __asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call " #begin "\n")
