/* Calls on sockets, and addresses as the contract writes them. Facts come from getsockname and getsockopt. */
#include "workload.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const char *family_name(int family)
{
    return family == AF_UNSPEC ? "AF_UNSPEC" : family == AF_NETLINK ? "AF_NETLINK" : family == AF_PACKET ? "AF_PACKET" : family == AF_VSOCK ? "AF_VSOCK" : "?";
}

static const char *scoped(const struct sockaddr_in6 *six, char *text)
{
    inet_ntop(AF_INET6, &six->sin6_addr, text, INET6_ADDRSTRLEN);
    if (six->sin6_scope_id)
        sprintf(text + strlen(text), "%%%u", six->sin6_scope_id);
    return text;
}

/* the bytes after the family */
static const char *hex(const void *address, size_t n, char *text)
{
    *text = 0;
    for (size_t i = 2; i < n; i++)
        sprintf(text + 2 * (i - 2), "%02x", ((const unsigned char *)address)[i]);
    return text;
}

/* An address as arguments. `length` -1: null. NULL: nobody. */
void a_address(struct line *l, const void *address, size_t n, long length)
{
    const struct sockaddr *any = address;
    const struct sockaddr_in *four = address;
    const struct sockaddr_in6 *six = address;
    const struct sockaddr_un *un = address;
    char text[1024];
    length < 0 ? a_null(l, "addr_len") : a_int(l, "addr_len", length);
    if (!address) {
        a_null(l, "family"), a_null(l, "port"), a_null(l, "addr");
        return;
    }
    switch (any->sa_family) {
    case AF_INET:
        a_str(l, "family", "AF_INET"), a_int(l, "port", ntohs(four->sin_port)), a_str(l, "addr", inet_ntop(AF_INET, &four->sin_addr, text, sizeof text));
        break;
    case AF_INET6:
        a_str(l, "family", "AF_INET6"), a_int(l, "port", ntohs(six->sin6_port)), a_str(l, "addr", scoped(six, text));
        break;
    case AF_UNIX:
        a_str(l, "family", "AF_UNIX"), a_null(l, "port");
        if (n <= 2)
            a_str(l, "addr", "");
        else if (un->sun_path[0])
            snprintf(text, sizeof text, "%s%.*s", un->sun_path[0] == '@' ? "./" : "", (int)(n - 2), un->sun_path), a_str(l, "addr", text);
        else
            text[0] = '@', memcpy(text + 1, un->sun_path + 1, n - 3), a_bytes(l, "addr", text, n - 2);
        break;
    default:
        a_str(l, "family", family_name(any->sa_family)), a_null(l, "port"), a_str(l, "addr", hex(address, n, text));
    }
}

/* the socket's own address and protocol, as getsockname and getsockopt tell them */
void a_protocol(struct line *l, int fd)
{
    int family = 0, protocol = 0;
    unsigned n = sizeof protocol;
    if (SC(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &family, &n) < 0 || (family != AF_INET && family != AF_INET6) || SC(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) < 0)
        a_null(l, "protocol");
    else
        a_str(l, "protocol", protocol == IPPROTO_TCP ? "IPPROTO_TCP" : protocol == IPPROTO_UDP ? "IPPROTO_UDP" : protocol == IPPROTO_ICMP ? "IPPROTO_ICMP" : "?");
}
void a_local(struct line *l, int fd)
{
    struct sockaddr_storage at = {0};
    char text[512];
    unsigned n = sizeof at;
    if (SC(SYS_getsockname, fd, &at, &n) < 0)
        a_null(l, "local_addr"), a_null(l, "local_port");
    else if (at.ss_family == AF_UNIX) {
        const char *name = ((struct sockaddr_un *)&at)->sun_path;
        if (n > 2 && !name[0])
            text[0] = '@', memcpy(text + 1, name + 1, n - 3), a_bytes(l, "local_addr", text, n - 2);
        else
            snprintf(text, sizeof text, "%s%s", name[0] == '@' ? "./" : "", n > 2 ? name : ""), a_str(l, "local_addr", text);
        a_null(l, "local_port");
    } else if (at.ss_family == AF_INET)
        a_str(l, "local_addr", inet_ntop(AF_INET, &((struct sockaddr_in *)&at)->sin_addr, text, sizeof text)), a_int(l, "local_port", ntohs(((struct sockaddr_in *)&at)->sin_port));
    else if (at.ss_family == AF_INET6)
        a_str(l, "local_addr", scoped((struct sockaddr_in6 *)&at, text)), a_int(l, "local_port", ntohs(((struct sockaddr_in6 *)&at)->sin6_port));
    else if (at.ss_family == AF_NETLINK)
        a_str(l, "local_addr", hex(&at, n, text)), a_null(l, "local_port");
    else /* of other families the kernel program reads no addresses */
        a_null(l, "local_addr"), a_null(l, "local_port"), mark(l, "local_addr:unreadable");
    a_protocol(l, fd);
}

long do_bind(int fd, const void *address, size_t n)
{
    struct line l;
    long r = SC(SYS_bind, fd, address, n);
    ev(&l, "network.bind", "bind", r);
    a_int(&l, "fd", fd), a_address(&l, address, n, n), a_protocol(&l, fd);
    ev_end(&l);
    return r;
}

long do_connect(int fd, const void *address, size_t n)
{
    struct line l;
    long r = SC(SYS_connect, fd, address, n);
    ev(&l, "network.connect", "connect", r);
    a_int(&l, "fd", fd), a_address(&l, address, n, n), a_local(&l, fd);
    ev_end(&l);
    return r;
}

/* `from` is the socket's peer; NULL: it has none */
void moved(const char *type, const char *call, int fd, size_t n, const char *flags, const void *whom, size_t whom_n, long length, long r)
{
    struct line l;
    ev(&l, type, call, r);
    a_int(&l, "fd", fd), a_uint(&l, "len", n), a_flags(&l, "flags", flags);
    a_address(&l, whom, whom_n, length), a_local(&l, fd);
    a_null(&l, "messages");
    r < 0 ? a_null(&l, "bytes") : a_int(&l, "bytes", r);
    ev_end(&l);
}

void own_address(int fd, struct sockaddr_storage *at)
{
    unsigned n = sizeof *at;
    OK(SC(SYS_getsockname, fd, at, &n));
}

int accepted(int listener, const void *whom, size_t whom_n, bool ask)
{
    struct sockaddr_storage from;
    unsigned n = sizeof from;
    struct line l;
    long r = SC(SYS_accept4, listener, ask ? &from : NULL, ask ? &n : NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ev(&l, "network.accept", "accept4", r);
    a_int(&l, "fd", listener);
    r < 0 ? a_null(&l, "newfd") : a_int(&l, "newfd", r);
    a_address(&l, r < 0 ? NULL : whom, whom_n, r < 0 || !ask ? -1 : (long)n);
    a_flags(&l, "flags", "SOCK_NONBLOCK|SOCK_CLOEXEC");
    if (r < 0)
        a_null(&l, "local_addr"), a_null(&l, "local_port"), a_null(&l, "protocol");
    else
        a_local(&l, r);
    ev_end(&l);
    return r;
}

void do_getpeername(int fd, const void *whom, size_t whom_n)
{
    struct sockaddr_storage from;
    unsigned n = sizeof from;
    struct line l;
    long r = SC(SYS_getpeername, fd, &from, &n);
    CHECK((r == 0) == (whom != NULL));
    ev(&l, "network.getpeername", "getpeername", r);
    a_int(&l, "fd", fd), a_address(&l, whom, whom_n, r < 0 ? -1 : (long)n);
    ev_end(&l);
}
