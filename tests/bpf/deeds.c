// Does known things in the directory given, and nothing else that a summary of it would count:
// what it did is in the numbers of this file.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char data[10007];

static void fill(const char *name, int times, int bytes) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (int i = 0; i < times; i++)
        if (write(fd, data, bytes) != bytes)
            exit(99);
    close(fd);
}

static void talk(int port_pipe) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    if (bind(listener, (struct sockaddr *)&a, size) || listen(listener, 1) || getsockname(listener, (struct sockaddr *)&a, &size))
        exit(98);
    dprintf(port_pipe, "%d\n", ntohs(a.sin_port));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&a, sizeof a))
        exit(97);
    int server = accept(listener, 0, 0);
    for (int i = 0; i < 7; i++)
        if (send(client, data, 101, 0) != 101 || recv(server, data, 101, MSG_WAITALL) != 101)
            exit(96);
    struct iovec v[2] = {{data, 11}, {data, 13}};
    struct mmsghdr m[3] = {{.msg_hdr = {.msg_iov = v, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = v, .msg_iovlen = 2}}, {.msg_hdr = {.msg_iov = v + 1, .msg_iovlen = 1}}};
    if (sendmmsg(client, m, 3, 0) != 3)  // 11 + 24 + 13 bytes
        exit(95);
    shutdown(client, SHUT_WR);
    while (read(server, data, sizeof data) > 0)  // 48 bytes by a call that names no peer
        ;
    a.sin_port = htons(1);
    if (!connect(listener, (struct sockaddr *)&a, sizeof a))
        exit(94);
}

int main(int argc, char **argv) {
    if (argc < 3 || chdir(argv[1]))
        return 90;
    fill("large", 3, 5003);
    fill("small", 23, 1);
    fill("gone", 1, 10007);
    unlink("gone");
    mkdir("sub", 0755);
    mkdir("sub", 0755);
    rename("small", "sub/moved");
    symlink("large", "link");
    unlink("link");
    link("large", "hard");
    mkdir("brief", 0700);
    rmdir("brief");
    for (int i = 0; i < 29; i++)
        open("/no/such/file", O_RDONLY);
    open("/no/other/file", O_RDONLY);
    talk(atoi(argv[2]));
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (!child)
            _exit(i == 4 ? 41 : 0);
        waitpid(child, 0, 0);
    }
    pid_t sleeper = fork();
    if (!sleeper)
        for (;;)
            pause();
    kill(sleeper, SIGTERM);
    waitpid(sleeper, 0, 0);
    kill(-1234567, SIGUSR1);
    pid_t runner = fork();
    if (!runner)
        execl("/bin/true", "true", (char *)0);
    waitpid(runner, 0, 0);
    return 3;
}
