/* Addresses: every family, every kind of name, lengths that are wrong, messages that are cut or only looked at. */
#include "workload.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

/* a network of its own, with the loopback device only; IPv6's link-local address is fe80::7 */
static void own_network(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    struct { struct in6_addr address; uint32_t prefix; int index; } six = {.prefix = 64, .index = 1};
    OK(SC(SYS_unshare, CLONE_NEWNET));
    int fd = OK(SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
    OK(SC(SYS_ioctl, fd, SIOCSIFFLAGS, &request));
    inet_pton(AF_INET6, "fe80::7", &six.address);
    OK(SC(SYS_ioctl, fd, SIOCSIFADDR, &six));
    /* the address is there a moment later */
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = six.address, .sin6_scope_id = 1};
    while (do_bind(fd, &at, sizeof at) == -EADDRNOTAVAIL)
        SC(SYS_nanosleep, ((long[2]){0, 1000003}), 0);
    OK(do_close(fd));
}

static struct sockaddr_in6 six_of(const char *text, int port, int scope)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};
    inet_pton(AF_INET6, text, &at.sin6_addr);
    return at;
}

static struct sockaddr_in four_of(const char *text, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, text, &at.sin_addr);
    return at;
}

static void talk(int family, const void *address, size_t n)
{
    struct sockaddr_storage at, own;
    char buffer[16] = "0123456789";
    int server = OK(SC(SYS_socket, family, SOCK_STREAM, 0)), client = OK(SC(SYS_socket, family, SOCK_STREAM, 0));
    OK(do_bind(server, address, n));
    OK(SC(SYS_listen, server, 1));
    own_address(server, &at);
    OK(do_connect(client, &at, n));
    own_address(client, &own);
    int fd = OK(accepted(server, &own, n, true));
    moved("network.send", "sendto", client, 4, "0", &at, n, -1, OK(SC(SYS_sendto, client, buffer, 4, 0, 0, 0)));
    struct pollfd there = {.fd = fd, .events = POLLIN};
    SC(SYS_poll, &there, 1, -1);
    moved("network.receive", "recvfrom", fd, 8, "0", &own, n, -1, OK(SC(SYS_recvfrom, fd, buffer, 8, 0, 0, 0)));
    do_getpeername(client, &at, n), do_getpeername(fd, &own, n);
    OK(do_close(client)), OK(do_close(fd)), OK(do_close(server));
}

CASE(scopes)
{
    own_network();
    struct sockaddr_in6 local = six_of("fe80::7", 0, 1), loop = six_of("::1", 0, 0), odd = six_of("2001:db8::1:0:0:1", 53, 77), many = six_of("ff02::1", 9999, 1);
    talk(AF_INET6, &loop, sizeof loop);
    talk(AF_INET6, &local, sizeof local);
    int a = OK(SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0)), b = OK(SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
    struct sockaddr_storage at, own, from;
    unsigned n = sizeof from;
    char buffer[16] = "0123456789";
    OK(do_bind(a, &local, sizeof local)), OK(do_bind(b, &local, sizeof local));
    own_address(a, &own), own_address(b, &at);
    moved("network.send", "sendto", a, 5, "0", &at, 28, 28, OK(SC(SYS_sendto, a, buffer, 5, 0, &at, 28)));
    moved("network.receive", "recvfrom", b, 16, "0", &own, 28, 28, OK(SC(SYS_recvfrom, b, buffer, 16, 0, &from, &n)));
    OK(do_connect(a, &at, 28));
    moved("network.send", "sendto", a, 5, "0", &at, 28, -1, OK(SC(SYS_sendto, a, buffer, 5, 0, 0, 0)));
    FAILS(ENETUNREACH, do_connect(b, &odd, sizeof odd)); /* a scope where it means nothing is shown as passed */
    FAILS(ENETUNREACH, do_connect(b, &many, sizeof many));
    struct sockaddr_in6 older = six_of("::1", 1, 0); /* RFC 2133's, without a scope */
    moved("network.send", "sendto", a, 5, "0", &older, 28, 24, SC(SYS_sendto, a, buffer, 5, 0, &older, 24));
    OK(do_close(a)), OK(do_close(b));
}

CASE(mapped_addresses)
{
    own_network();
    struct sockaddr_in6 any = six_of("::", 0, 0), mapped = six_of("::ffff:127.0.0.1", 0, 0);
    struct sockaddr_in four;
    struct sockaddr_storage at, own, from;
    unsigned n = sizeof from;
    char buffer[16] = "0123456789";
    /* an IPv4 client of an IPv6 server */
    int server = OK(SC(SYS_socket, AF_INET6, SOCK_STREAM, 0)), client = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0));
    OK(do_bind(server, &any, sizeof any));
    OK(SC(SYS_listen, server, 1));
    own_address(server, &at);
    four = four_of("127.0.0.1", ntohs(((struct sockaddr_in6 *)&at)->sin6_port));
    OK(do_connect(client, &four, sizeof four));
    own_address(client, &own);
    mapped.sin6_port = ((struct sockaddr_in *)&own)->sin_port;
    int fd = OK(accepted(server, &mapped, sizeof mapped, true));
    do_getpeername(fd, &mapped, sizeof mapped);
    moved("network.send", "sendto", fd, 4, "0", &mapped, 28, -1, OK(SC(SYS_sendto, fd, buffer, 4, 0, 0, 0)));
    moved("network.receive", "recvfrom", client, 4, "MSG_WAITALL", &four, 16, -1, OK(SC(SYS_recvfrom, client, buffer, 4, MSG_WAITALL, 0, 0)));
    OK(do_close(client)), OK(do_close(fd)), OK(do_close(server));
    /* datagrams: one socket, both families */
    mapped.sin6_port = 0;
    int a = OK(SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0)), b = OK(SC(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
    OK(do_bind(a, &mapped, sizeof mapped)), OK(do_bind(b, &any, sizeof any));
    own_address(b, &at), own_address(a, &own);
    mapped.sin6_port = ((struct sockaddr_in6 *)&at)->sin6_port;
    moved("network.send", "sendto", a, 4, "0", &mapped, 28, 28, OK(SC(SYS_sendto, a, buffer, 4, 0, &mapped, 28)));
    moved("network.receive", "recvfrom", b, 16, "MSG_PEEK", &own, 28, 28, OK(SC(SYS_recvfrom, b, buffer, 16, MSG_PEEK, &from, &n)));
    four = four_of("127.0.0.1", ntohs(mapped.sin6_port));
    moved("network.send", "sendto", a, 4, "0", &four, 16, 16, SC(SYS_sendto, a, buffer, 4, 0, &four, 16)); /* an IPv4 address for an IPv6 socket */
    OK(do_connect(a, &mapped, sizeof mapped));
    moved("network.send", "sendto", a, 4, "0", &mapped, 28, -1, OK(SC(SYS_sendto, a, buffer, 4, 0, 0, 0)));
    OK(do_close(a)), OK(do_close(b));
}

CASE(raw_sockets)
{
    own_network();
    struct sockaddr_in to = four_of("127.0.0.1", 0);
    char echo[8] = {8, 0, 0xf7, 0xff};
    int fd = OK(SC(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP));
    moved("network.send", "sendto", fd, 8, "0", &to, 16, 16, OK(SC(SYS_sendto, fd, echo, 8, 0, &to, 16)));
    OK(do_connect(fd, &to, sizeof to)); /* connected, with no port: a peer all the same */
    moved("network.send", "sendto", fd, 8, "0", &to, 16, -1, OK(SC(SYS_sendto, fd, echo, 8, 0, 0, 0)));
    OK(do_close(fd));
}

/* ---- lengths that are wrong ---- */

CASE(wrong_lengths)
{
    own_network();
    struct { struct sockaddr_in four; char more[300]; } wide = {.four = four_of("127.0.0.1", 9)};
    struct sockaddr_in *four = &wide.four;
    struct line l;
    char buffer[4] = "abc";
    int fd = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0));
    OK(do_connect(fd, four, 64)); /* longer than needed */
    static const struct { int length, error; } tries[] = {{-1, EINVAL}, {0, EINVAL}, {1, EINVAL}, {129, EINVAL}, {300, EINVAL}, {INT_MIN, EINVAL}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        bool whole = tries[i].length >= 16;
        long r = FAILS(tries[i].error, SC(SYS_connect, fd, four, tries[i].length));
        ev(&l, "network.connect", "connect", r);
        a_int(&l, "fd", fd), a_int(&l, "addr_len", tries[i].length);
        whole ? a_str(&l, "family", "AF_INET") : a_null(&l, "family"), whole ? a_int(&l, "port", 9) : a_null(&l, "port"), whole ? a_str(&l, "addr", "127.0.0.1") : a_null(&l, "addr");
        a_local(&l, fd);
        ev_end(&l);
    }
    /* the family and no more; the family and the port */
    for (int n = 2; n <= 6; n += 2) {
        long r = FAILS(EINVAL, SC(SYS_bind, fd, four, n));
        ev(&l, "network.bind", "bind", r);
        a_int(&l, "fd", fd), a_int(&l, "addr_len", n), a_str(&l, "family", "AF_INET"), n < 4 ? a_null(&l, "port") : a_int(&l, "port", 9), a_null(&l, "addr"), a_protocol(&l, fd);
        ev_end(&l);
    }
    long r = FAILS(EFAULT, SC(SYS_connect, fd, BAD, 16));
    ev(&l, "network.connect", "connect", r);
    a_int(&l, "fd", fd), a_int(&l, "addr_len", 16), a_null(&l, "family"), a_null(&l, "port"), a_null(&l, "addr"), a_local(&l, fd);
    mark(&l, "family:unreadable"), mark(&l, "port:unreadable"), mark(&l, "addr:unreadable");
    ev_end(&l);
    /* other families are shown byte by byte: what is not kept of it is said */
    static struct { unsigned short family; unsigned char data[298]; } other = {.family = AF_PACKET};
    for (size_t i = 0; i < sizeof other.data; i++)
        other.data[i] = i;
    static const int lengths[] = {2, 3, 127, 128, 129, 300};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int n = lengths[i];
        char text[600] = "";
        for (int at = 0; at + 2 < (n < 128 ? n : 128); at++)
            sprintf(text + 2 * at, "%02x", other.data[at]);
        r = SC(SYS_bind, fd, &other, n);
        CHECK(r < 0);
        ev(&l, "network.bind", "bind", r);
        a_int(&l, "fd", fd), a_int(&l, "addr_len", n), a_str(&l, "family", "AF_PACKET"), a_null(&l, "port"), a_str(&l, "addr", text), a_protocol(&l, fd);
        if (n > 128)
            mark(&l, "addr:truncated");
        ev_end(&l);
    }
    moved("network.send", "sendto", fd, 3, "0", four, 16, -1, OK(SC(SYS_sendto, fd, buffer, 3, 0, NULL, 77))); /* a length of nothing */
    OK(do_close(fd));
}

/* an answer's address in a room that is too small: its length is the whole one's */
CASE(small_rooms)
{
    own_network();
    struct sockaddr_in any = four_of("127.0.0.1", 0);
    struct sockaddr_storage at, own, from;
    struct line l;
    char buffer[4] = "abc";
    int server = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0)), client = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0));
    OK(do_bind(server, &any, sizeof any));
    OK(SC(SYS_listen, server, 4));
    own_address(server, &at);
    OK(do_connect(client, &at, 16));
    own_address(client, &own);
    /* the socket itself knows its peer */
    unsigned n = 4;
    long fd = OK(SC(SYS_accept, server, &from, &n));
    ev(&l, "network.accept", "accept", fd);
    a_int(&l, "fd", server), a_int(&l, "newfd", fd), a_address(&l, &own, 16, n), a_null(&l, "flags"), a_local(&l, fd);
    ev_end(&l);
    CHECK(n == 16);
    n = 2;
    long r = OK(SC(SYS_getpeername, fd, &from, &n));
    ev(&l, "network.getpeername", "getpeername", r);
    a_int(&l, "fd", fd), a_address(&l, &own, 16, n);
    ev_end(&l);
    n = 0;
    r = OK(SC(SYS_getpeername, fd, &from, &n));
    ev(&l, "network.getpeername", "getpeername", r);
    a_int(&l, "fd", fd), a_address(&l, &own, 16, n);
    ev_end(&l);
    n = -1;
    r = FAILS(EINVAL, SC(SYS_getpeername, fd, &from, &n));
    ev(&l, "network.getpeername", "getpeername", r);
    a_int(&l, "fd", fd), a_address(&l, NULL, 0, -1);
    ev_end(&l);
    r = FAILS(EFAULT, SC(SYS_getpeername, fd, BAD, &(unsigned){16}));
    ev(&l, "network.getpeername", "getpeername", r);
    a_int(&l, "fd", fd), a_address(&l, NULL, 0, -1);
    ev_end(&l);
    OK(do_close(fd)), OK(do_close(client)), OK(do_close(server));
    /* who sent a datagram is told by the answer alone */
    int a = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0)), b = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0));
    OK(do_bind(a, &any, sizeof any)), OK(do_bind(b, &any, sizeof any));
    own_address(a, &own), own_address(b, &at);
    for (unsigned room = 0; room <= 16; room += 4) {
        moved("network.send", "sendto", a, 3, "0", &at, 16, 16, OK(SC(SYS_sendto, a, buffer, 3, 0, &at, 16)));
        n = room;
        r = OK(SC(SYS_recvfrom, b, buffer, 3, 0, &from, &n));
        CHECK(n == 16);
        ev(&l, "network.receive", "recvfrom", r);
        a_int(&l, "fd", b), a_int(&l, "len", 3), a_str(&l, "flags", "0"), a_int(&l, "addr_len", 16);
        room < 2 ? a_null(&l, "family") : a_str(&l, "family", "AF_INET"), room < 4 ? a_null(&l, "port") : a_int(&l, "port", ntohs(((struct sockaddr_in *)&own)->sin_port));
        room < 8 ? a_null(&l, "addr") : a_str(&l, "addr", "127.0.0.1"), a_local(&l, b), a_null(&l, "messages"), a_int(&l, "bytes", 3);
        if (room < 8)
            mark(&l, "addr:truncated");
        ev_end(&l);
    }
    OK(do_close(a)), OK(do_close(b));
}

/* ---- Unix ---- */

static struct sockaddr_un un_of(const char *name, size_t n)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, name, n);
    return at;
}

CASE(unix_names)
{
    struct sockaddr_storage own, from;
    struct sockaddr_un abstract = un_of("\0a\0b\0\xff\\", 7), relative = un_of("./d/../s", 9), full = un_of("", 0), strange = un_of("\x1b[1m\n", 6);
    struct line l;
    char buffer[8] = "0123456";
    unsigned n;
    memset(full.sun_path, 'f', sizeof full.sun_path); /* all 108 bytes, no NUL */
    OK(do_mkdir("d", 0755));
    int a = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0)), b = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0)), c = OK(SC(SYS_socket, AF_UNIX, SOCK_DGRAM, 0));
    OK(do_bind(a, &abstract, 2 + 7));
    OK(do_bind(b, &full, sizeof full));
    OK(do_bind(c, &strange, sizeof strange));
    OK(do_connect(b, &abstract, 2 + 7));
    moved("network.send", "sendto", b, 3, "0", &abstract, 9, -1, OK(SC(SYS_sendto, b, buffer, 3, 0, 0, 0)));
    n = sizeof from;
    long r = OK(SC(SYS_recvfrom, a, buffer, 8, MSG_TRUNC | MSG_PEEK, &from, &n));
    moved("network.receive", "recvfrom", a, 8, "MSG_PEEK|MSG_TRUNC", &full, sizeof full, n, r);
    n = 50; /* the name does not fit */
    r = OK(SC(SYS_recvfrom, a, buffer, 2, MSG_TRUNC, &from, &n));
    CHECK(r == 3);
    ev(&l, "network.receive", "recvfrom", r);
    a_int(&l, "fd", a), a_int(&l, "len", 2), a_str(&l, "flags", "MSG_TRUNC"), a_address(&l, &full, 50, n), a_local(&l, a), a_null(&l, "messages"), a_int(&l, "bytes", 3);
    mark(&l, "addr:truncated");
    ev_end(&l);
    moved("network.send", "sendto", c, 3, "MSG_CONFIRM|MSG_MORE", &abstract, 9, 9, SC(SYS_sendto, c, buffer, 3, MSG_CONFIRM | MSG_MORE, &abstract, 9));
    n = sizeof from;
    r = OK(SC(SYS_recvfrom, a, buffer, 8, 0, &from, &n));
    moved("network.receive", "recvfrom", a, 8, "0", &strange, sizeof strange, n, r);
    /* a name that is gone is still the socket's */
    OK(do_unlink("\x1b[1m\n"));
    OK(do_connect(a, &abstract, 2 + 7)); /* to itself */
    FAILS(ENOENT, do_connect(b, &strange, sizeof strange));
    moved("network.send", "sendto", c, 3, "0", &relative, 11, 11, FAILS(ENOENT, SC(SYS_sendto, c, buffer, 3, 0, &relative, 11)));
    OK(do_close(a)), OK(do_close(b)), OK(do_close(c));
    /* the kernel chooses a name */
    a = OK(SC(SYS_socket, AF_UNIX, SOCK_SEQPACKET, 0)), b = OK(SC(SYS_socket, AF_UNIX, SOCK_SEQPACKET, 0));
    OK(do_bind(a, &abstract, 2));
    OK(SC(SYS_listen, a, 1));
    OK(do_bind(b, &relative, 2 + 8)); /* without the NUL */
    own_address(a, &own);
    OK(do_connect(b, &own, 2 + 6));
    relative.sun_path[8] = 0;
    int fd = OK(accepted(a, &relative, 2 + 9, true));
    do_getpeername(fd, &relative, 2 + 9), do_getpeername(b, &own, 2 + 6);
    moved("network.send", "sendto", fd, 3, "MSG_EOR", &relative, 11, -1, OK(SC(SYS_sendto, fd, buffer, 3, MSG_EOR, 0, 0)));
    n = sizeof from;
    r = OK(SC(SYS_recvfrom, b, buffer, 8, 0, &from, &n));
    moved("network.receive", "recvfrom", b, 8, "0", &own, 8, n, r);
    OK(do_close(fd)), OK(do_close(b)), OK(do_close(a));
}

/* ---- other families ---- */

CASE(netlink_names)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK}, own = {.nl_family = AF_NETLINK, .nl_pid = 0x01020304, .nl_groups = RTMGRP_LINK | RTMGRP_IPV6_ROUTE}, from;
    struct { struct nlmsghdr head; struct rtgenmsg body; } ask = {{.nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}, {.rtgen_family = AF_UNSPEC}};
    static char answer[65536];
    unsigned n = sizeof from;
    int fd = OK(SC(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    moved("network.send", "sendto", fd, sizeof ask, "0", &kernel, 12, 12, OK(SC(SYS_sendto, fd, &ask, sizeof ask, 0, &kernel, 12)));
    OK(do_close(fd));
    fd = OK(SC(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    OK(do_bind(fd, &own, sizeof own));
    moved("network.send", "sendto", fd, sizeof ask, "0", NULL, 0, -1, OK(SC(SYS_sendto, fd, &ask, sizeof ask, 0, 0, 0))); /* not connected: nobody is named */
    long r = OK(SC(SYS_recvfrom, fd, answer, sizeof answer, 0, &from, &n));
    moved("network.receive", "recvfrom", fd, sizeof answer, "0", &kernel, 12, n, r);
    OK(do_connect(fd, &kernel, sizeof kernel));
    moved("network.send", "sendto", fd, 4, "0", &kernel, 12, -1, OK(SC(SYS_sendto, fd, &ask, 4, 0, 0, 0)));
    do_getpeername(fd, &kernel, sizeof kernel);
    FAILS(EINVAL, do_connect(fd, &kernel, 5));
    OK(do_close(fd));
}

CASE(packets)
{
    own_network();
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(0x88b5), .sll_ifindex = 1}, to = at, from;
    unsigned char frame[32] = {[12] = 0x88, [13] = 0xb5, [14] = 1};
    unsigned n = sizeof from;
    to.sll_halen = 6;
    int fd = OK(SC(SYS_socket, AF_PACKET, SOCK_RAW, 0));
    OK(do_bind(fd, &at, sizeof at));
    moved("network.send", "sendto", fd, sizeof frame, "0", &to, sizeof to, sizeof to, OK(SC(SYS_sendto, fd, frame, sizeof frame, 0, &to, sizeof to)));
    long r = OK(SC(SYS_recvfrom, fd, frame, sizeof frame, 0, &from, &n));
    struct sockaddr_ll said = from; /* what the kernel wrote is all that there is to know */
    moved("network.receive", "recvfrom", fd, sizeof frame, "0", &said, n, n, r);
    do_getpeername(fd, NULL, 0);
    OK(do_close(fd));
}

CASE(machines)
{
    struct sockaddr_vm any = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = 54321}, nobody = {.svm_family = AF_VSOCK, .svm_cid = 0x7ffffff0, .svm_port = 1};
    long fd = SC(SYS_socket, AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
    FAILS(EBADF, do_close(-1));
    if (fd < 0) /* no such family here */
        return;
    OK(do_bind(fd, &any, sizeof any));
    long r = do_connect(fd, &nobody, sizeof nobody);
    CHECK(r < 0);
    OK(do_close(fd));
}

/* ---- many messages ---- */

static void many(const char *type, const char *call, int fd, size_t n, const char *flags, const void *whom, size_t whom_n, long length, long bytes, long r, int marks)
{
    struct line l;
    ev(&l, type, call, r);
    a_int(&l, "fd", fd), marks & 1 ? a_null(&l, "len") : a_uint(&l, "len", n), a_flags(&l, "flags", flags);
    a_address(&l, whom, whom_n, length), a_local(&l, fd);
    r < 0 || strlen(call) < 8 ? a_null(&l, "messages") : a_int(&l, "messages", r);
    r < 0 || marks & 2 ? a_null(&l, "bytes") : a_int(&l, "bytes", bytes);
    if (marks & 1)
        mark(&l, "len:unreadable");
    if (marks & 2)
        mark(&l, "bytes:unreadable");
    ev_end(&l);
}

CASE(parts_of_many)
{
    own_network();
    struct sockaddr_in any = four_of("127.0.0.1", 0), bad = four_of("127.0.0.1", 0);
    struct sockaddr_storage at, own, from[4];
    static char buffer[400];
    struct iovec one = {buffer, 5}, two[2] = {{buffer, 7}, {buffer, 11}};
    int a = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0)), b = OK(SC(SYS_socket, AF_INET, SOCK_DGRAM, 0));
    OK(do_bind(a, &any, sizeof any)), OK(do_bind(b, &any, sizeof any));
    own_address(a, &own), own_address(b, &at);
    bad.sin_port = 0;
#define TO(whom, vectors, count) {{.msg_name = whom, .msg_namelen = 16, .msg_iov = vectors, .msg_iovlen = count}, 77}
    struct mmsghdr messages[4] = {TO(&at, &one, 1), TO(&at, two, 2), TO(&bad, &one, 1), TO(&at, &one, 1)};
    /* the third cannot be sent: two are */
    many("network.send", "sendmmsg", a, 33, "0", &at, 16, 16, 23, OK(SC(SYS_sendmmsg, a, messages, 4, 0)), 0);
    many("network.send", "sendmmsg", a, 10, "MSG_NOSIGNAL", &bad, 16, 16, 0, FAILS(EINVAL, SC(SYS_sendmmsg, a, messages + 2, 2, MSG_NOSIGNAL)), 0);
    /* the second header cannot be read: one is sent */
    char *edge = (char *)messages; /* copied to the end of a page */
    long page = SC(SYS_mmap, 0, 8192, 3, 0x22, -1, 0);
    struct line l;
    ev(&l, "process.mmap", "mmap", OK(page));
    a_hex(&l, "addr", 0), a_int(&l, "len", 8192), a_str(&l, "prot", "PROT_READ|PROT_WRITE"), a_str(&l, "flags", "MAP_PRIVATE|MAP_ANONYMOUS"), a_int(&l, "fd", -1), a_int(&l, "off", 0), a_null(&l, "path");
    ev_end(&l);
    SC(SYS_munmap, page + 4096, 4096);
    struct mmsghdr *last = (struct mmsghdr *)(page + 4096) - 1;
    memcpy(last, edge, sizeof *last);
    many("network.send", "sendmmsg", a, 0, "0", &at, 16, 16, 5, OK(SC(SYS_sendmmsg, a, last, 3, 0)), 1);
    /* three are there, four asked for */
    for (int i = 0; i < 4; i++)
        messages[i] = (struct mmsghdr)TO(&from[i], i == 1 ? two : &one, i == 1 ? 2 : 1);
    many("network.receive", "recvmmsg", b, 33, "MSG_DONTWAIT", &own, 16, 16, 28, OK(SC(SYS_recvmmsg, b, messages, 4, MSG_DONTWAIT, 0)), 0);
    many("network.receive", "recvmmsg", b, 33, "MSG_DONTWAIT", NULL, 0, -1, 0, FAILS(EAGAIN, SC(SYS_recvmmsg, b, messages, 4, MSG_DONTWAIT, 0)), 0);
    many("network.send", "sendmmsg", a, 0, "0", NULL, 0, -1, 0, OK(SC(SYS_sendmmsg, a, BAD, 0, 0)), 0);
    /* one message: looked at, cut, with its true length */
    struct msghdr m = {.msg_name = &at, .msg_namelen = 16, .msg_iov = two, .msg_iovlen = 2};
    many("network.send", "sendmsg", a, 18, "0", &at, 16, 16, 18, OK(SC(SYS_sendmsg, a, &m, 0)), 0);
    m = (struct msghdr){.msg_name = from, .msg_namelen = sizeof from, .msg_iov = &one, .msg_iovlen = 1};
    many("network.receive", "recvmsg", b, 5, "MSG_PEEK", &own, 16, 16, 5, OK(SC(SYS_recvmsg, b, &m, MSG_PEEK)), 0);
    m.msg_namelen = sizeof from;
    many("network.receive", "recvmsg", b, 5, "MSG_PEEK|MSG_TRUNC", &own, 16, 16, 18, OK(SC(SYS_recvmsg, b, &m, MSG_PEEK | MSG_TRUNC)), 0);
    m.msg_name = NULL;
    many("network.receive", "recvmsg", b, 5, "MSG_TRUNC", NULL, 0, -1, 18, OK(SC(SYS_recvmsg, b, &m, MSG_TRUNC)), 0); /* no address asked for, no peer */
    OK(do_connect(a, &at, 16));
    m = (struct msghdr){.msg_iov = &one, .msg_iovlen = 1};
    many("network.send", "sendmsg", a, 5, "0", &at, 16, -1, 5, OK(SC(SYS_sendmsg, a, &m, 0)), 0); /* connected: its peer */
    /* an iovec that cannot be read */
    m.msg_iov = BAD;
    many("network.send", "sendmsg", a, 0, "0", &at, 16, -1, 0, FAILS(EFAULT, SC(SYS_sendmsg, a, &m, 0)), 1);
    OK(do_close(a)), OK(do_close(b));
}

/* ---- a stream's messages, a connection that is not there yet ---- */

CASE(waiting_connections)
{
    own_network();
    struct sockaddr_in any = four_of("127.0.0.1", 0);
    struct sockaddr_storage at;
    char byte = 'x';
    int server = OK(SC(SYS_socket, AF_INET, SOCK_STREAM, 0)), clients[4];
    OK(do_bind(server, &any, sizeof any));
    OK(SC(SYS_listen, server, 0)); /* room for one */
    own_address(server, &at);
    for (int i = 0; i < 4; i++) {
        clients[i] = OK(SC(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        FAILS(EINPROGRESS, do_connect(clients[i], &at, 16));
    }
    /* the last one's handshake goes unanswered */
    FAILS(EALREADY, do_connect(clients[3], &at, 16));
    do_getpeername(clients[3], NULL, 0);
    moved("network.send", "sendto", clients[3], 1, "0", &at, 16, -1, FAILS(EAGAIN, SC(SYS_sendto, clients[3], &byte, 1, 0, 0, 0)));
    moved("network.receive", "recvfrom", clients[3], 1, "MSG_DONTWAIT", NULL, 0, -1, FAILS(EAGAIN, SC(SYS_recvfrom, clients[3], &byte, 1, MSG_DONTWAIT, 0, 0)));
    for (int i = 0; i < 4; i++)
        OK(do_close(clients[i]));
    OK(do_close(server));
}
