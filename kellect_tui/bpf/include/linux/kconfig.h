#define CONFIG_BPF_SYSCALL 1
#define CONFIG_X86_64 1
typedef unsigned long uintptr_t;
