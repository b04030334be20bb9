/* A static 32-bit program: closes a descriptor that is not open, executes its second argument with the rest of its own (by
 * execveat where its name begins with `a`), and ends with status 42. */
static long call(long n, long a, long b, long c, long d, long e)
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return r;
}

void start(long *stack)
{
    long count = stack[0];
    char **arguments = (char **)(stack + 1), *none[] = {0};
    call(6, -1, 0, 0, 0, 0);
    if (count > 1 && arguments[0][0] == 'a')
        call(358, -100, (long)arguments[1], (long)(arguments + 1), (long)none, 0);
    else if (count > 1)
        call(11, (long)arguments[1], (long)(arguments + 1), (long)none, 0, 0);
    call(252, 42, 0, 0, 0, 0);
    for (;;)
        ;
}

__asm__(".globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call start\n");
