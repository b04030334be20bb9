/* Sockets: connections that fail, end or hang, messages without a peer. */
#include "workload.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>

CASE(stream_ends)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_storage at, own;
    char buffer[16] = "0123456789";
    int server = OK(SC(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), client = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0));
    OK(do_bind(server, &any, sizeof any));
    OK(SC(SYS_listen, server, 1));
    FAILS(EAGAIN, accepted(server, NULL, 0, true));
    own_address(server, &at);
    FAILS(EADDRINUSE, do_bind(client, &at, 16));
    moved("network.send", "sendto", client, 3, "MSG_NOSIGNAL", NULL, 0, -1, FAILS(EPIPE, SC(SYS_sendto, client, buffer, 3, MSG_NOSIGNAL, 0, 0)));
    moved("network.receive", "recvfrom", client, 3, "0", NULL, 0, -1, FAILS(ENOTCONN, SC(SYS_recvfrom, client, buffer, 3, 0, 0, 0)));
    OK(do_connect(client, &at, 16));
    FAILS(EISCONN, do_connect(client, &at, 16));
    own_address(client, &own);
    int fd = OK(accepted(server, &own, 16, false)); /* no address asked for: the socket's peer */
    moved("network.receive", "recvfrom", fd, 8, "0", NULL, 0, -1, FAILS(EAGAIN, SC(SYS_recvfrom, fd, buffer, 8, 0, 0, 0)));
    unsigned n = sizeof at;
    OK(SC(SYS_sendto, client, buffer, 4, 0, 0, 0));
    moved("network.send", "sendto", client, 4, "0", &at, 16, -1, 4);
    struct sockaddr_storage from;
    n = sizeof from;
    long r = OK(SC(SYS_recvfrom, fd, buffer, 8, MSG_PEEK, &from, &n)); /* a stream writes no address: length 0, and the peer is the socket's */
    moved("network.receive", "recvfrom", fd, 8, "MSG_PEEK", &own, 16, n, r);
    OK(SC(SYS_shutdown, client, SHUT_WR));
    moved("network.receive", "recvfrom", fd, 8, "0", &own, 16, -1, OK(SC(SYS_recvfrom, fd, buffer, 8, 0, 0, 0)));
    r = OK(SC(SYS_recvfrom, fd, buffer, 8, 0, 0, 0)); /* the end of the stream */
    moved("network.receive", "recvfrom", fd, 8, "0", &own, 16, -1, r);
    do_getpeername(fd, &own, 16);
    OK(do_close(fd)), OK(do_close(client));
    OK(do_close(server));
    /* nobody listens there now */
    client = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0));
    FAILS(ECONNREFUSED, do_connect(client, &at, 16));
    do_getpeername(client, NULL, 0);
    FAILS(EINVAL, do_connect(client, &(struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "x"}, 4));
    OK(do_close(client));
    FAILS(EBADF, do_bind(-1, &any, sizeof any));
    FAILS(EBADF, do_connect(-1, &at, 16));
    fd = OK(do_openat(AT_FDCWD, "/dev/null", F(O_RDWR), 0));
    FAILS(ENOTSOCK, do_connect(fd, &at, 16));
    moved("network.send", "sendto", fd, 1, "0", NULL, 0, -1, FAILS(ENOTSOCK, SC(SYS_sendto, fd, buffer, 1, 0, 0, 0)));
    do_getpeername(fd, NULL, 0);
    OK(do_close(fd));
}

CASE(in_progress)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_storage at;
    int server = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0)), client = OK(SC(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    OK(do_bind(server, &any, sizeof any));
    OK(SC(SYS_listen, server, 1));
    own_address(server, &at);
    FAILS(EINPROGRESS, do_connect(client, &at, 16));
    do_getpeername(client, &at, 16);
    OK(do_close(client)), OK(do_close(server));
}

CASE(datagrams)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_storage a_at, b_at, from;
    unsigned n = sizeof from;
    char buffer[16] = "0123456789";
    int a = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0)), b = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0));
    OK(do_bind(a, &any, sizeof any)), OK(do_bind(b, &any, sizeof any));
    own_address(a, &a_at), own_address(b, &b_at);
    moved("network.send", "sendto", a, 5, "MSG_DONTWAIT|MSG_NOSIGNAL", &b_at, 16, 16, OK(SC(SYS_sendto, a, buffer, 5, MSG_DONTWAIT | MSG_NOSIGNAL, &b_at, 16)));
    moved("network.receive", "recvfrom", b, 9, "0", NULL, 0, -1, OK(SC(SYS_recvfrom, b, buffer, 9, 0, 0, 0))); /* no address asked for, no peer */
    OK(do_connect(a, &b_at, 16));
    moved("network.send", "sendto", a, 0, "0", &b_at, 16, -1, SC(SYS_sendto, a, buffer, 0, 0, 0, 0)); /* connected: the peer; an empty one */
    long r = OK(SC(SYS_recvfrom, b, buffer, 9, 0, &from, &n));
    moved("network.receive", "recvfrom", b, 9, "0", &a_at, 16, n, r);
    moved("network.receive", "recvfrom", b, 9, "MSG_DONTWAIT", NULL, 0, -1, FAILS(EAGAIN, SC(SYS_recvfrom, b, buffer, 9, MSG_DONTWAIT, &from, &n)));
    moved("network.send", "sendto", a, 5, "0", &a_at, 16, 16, OK(SC(SYS_sendto, a, buffer, 5, 0, &a_at, 16))); /* another than the peer */
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    OK(do_connect(a, &nobody, sizeof nobody)); /* the peer is let go of */
    do_getpeername(a, NULL, 0);
    OK(do_close(a)), OK(do_close(b));
}

CASE(local_names)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "@not abstract"}, hidden = {.sun_family = AF_UNIX};
    char buffer[16] = "0123456789";
    int server = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0)), client = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0));
    memcpy(hidden.sun_path, "\0abstract", 9);
    OK(do_bind(server, &hidden, 2 + 9));
    FAILS(ENOENT, do_connect(client, &name, sizeof name));
    OK(do_connect(client, &hidden, 2 + 9));
    moved("network.send", "sendto", client, 3, "0", &hidden, 11, -1, OK(SC(SYS_sendto, client, buffer, 3, 0, 0, 0)));
    struct sockaddr_storage from;
    unsigned n = sizeof from;
    long r = OK(SC(SYS_recvfrom, server, buffer, 9, 0, &from, &n)); /* from an unnamed one: nothing is written, there is no peer */
    moved("network.receive", "recvfrom", server, 9, "0", NULL, 0, n, r);
    OK(do_close(client));
    client = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0));
    OK(do_bind(client, &name, sizeof name));
    moved("network.send", "sendto", client, 3, "0", &hidden, 11, 11, OK(SC(SYS_sendto, client, buffer, 3, 0, &hidden, 11)));
    OK(do_close(client)), OK(do_close(server));
}

CASE(netlink)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = OK(SC(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    OK(do_bind(fd, &kernel, sizeof kernel));
    OK(do_close(fd));
}
