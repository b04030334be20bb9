/* A static program that ends with status 42 and makes no other call, so that all of it is known to who starts it. */
void _start(void)
{
    __asm__ volatile("syscall" : : "a"(231), "D"(42) : "rcx", "r11", "memory");
    for (;;)
        ;
}
