/* loop CALL N: N calls of one kind. close: a bad descriptor; int80: getpid and close by the 32-bit gate (numbers 20 and 6);
 * mixed: a close, a failing connect and a failing setuid(-1) in turn. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long gate(long nr, long a) {
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a) : "memory");
    return r;
}

int main(int argc, char **argv) {
    long n = argc > 2 ? atol(argv[2]) : 0;
    for (long i = 0; i < n; i++) {
        if (!strcmp(argv[1], "int80"))
            gate(20, 0), gate(6, 0x7fffffff);
        else if (!strcmp(argv[1], "mixed"))
            i % 3 == 0 ? syscall(SYS_close, -1) : i % 3 == 1 ? syscall(SYS_connect, -1, 0, 0) : syscall(SYS_setuid, -1);
        else
            syscall(SYS_close, -1);
    }
    return 0;
}
