/* storm ROUNDS ROUTINE IMPORTANT PROGRAM: a storm of which every call is known.
 *
 * It waits for a byte on descriptor 0. Then each round makes ROUTINE times a close, a read and a write of a bad descriptor,
 * IMPORTANT times a connect and a setuid that fail, and a child, which ends; every 16th child executes PROGRAM first.
 * Static and without a C library. */
#include "bare.h"

enum { READ = 0, WRITE = 1, CLOSE = 3, CONNECT = 42, FORK = 57, EXECVE = 59, WAIT4 = 61, SETUID = 105, EXIT_GROUP = 231 };

__attribute__((used)) static void storm(word *stack) {
    char **argv = (char **)(stack + 1), byte;
    word rounds = number(argv[1]), routine = number(argv[2]), important = number(argv[3]);
    char *command[] = {argv[4], 0};
    call(READ, 0, (word)&byte, 1, 0, 0);
    for (word round = 0; round < rounds; round++) {
        for (word i = 0; i < routine; i++) {
            call(CLOSE, -1, 0, 0, 0, 0);
            call(READ, -1, 0, 0, 0, 0);
            call(WRITE, -1, 0, 0, 0, 0);
        }
        for (word i = 0; i < important; i++) {
            call(CONNECT, -1, 0, 0, 0, 0);
            call(SETUID, -1, 0, 0, 0, 0);
        }
        word child = call(FORK, 0, 0, 0, 0, 0);
        if (!child) {
            if (round % 16 == 0)
                call(EXECVE, (word)argv[4], (word)command, 0, 0, 0);
            call(EXIT_GROUP, 0, 0, 0, 0, 0);
        }
        call(WAIT4, child, 0, 0, 0, 0);
    }
    call(EXIT_GROUP, 0, 0, 0, 0, 0);
}

BEGINS_WITH(storm);
