// Of a socket: what its section holds. The decoder reads the same layout (`_SOCKET` of events/decoders/sockets.py).

struct socket {
    u16 family, type, protocol, state, local_port, peer_port, local_length, peer_length;
    u64 local[2], peer[2];
    u32 interface, portid, peer_portid, pad;
    u8 names[];                                   // of a unix socket: its own, its peer's
};

static __always_inline u16 port_at(u64 sk, u64 offset) {
    u16 port = R(u16, sk, offset);
    return (u16)(port << 8 | port >> 8);
}

static __always_inline void inet_names(struct socket *s, u64 sk) {
    s->local_port = port_at(sk, OFF_INET_SPORT);
    s->peer_port = port_at(sk, OFF_SK_DPORT);
    s->interface = R(u32, sk, OFF_SK_BOUND_IF);
    if (s->family == 2) {
        u32 local = R(u32, sk, OFF_SK_RCV_SADDR);
        *(u32 *)s->local = local ? local : R(u32, sk, OFF_INET_SADDR);
        *(u32 *)s->peer = R(u32, sk, OFF_SK_DADDR);
        return;
    }
    read_kernel(s->local, 16, (sk + OFF_SK_V6_RCV_SADDR));
    read_kernel(s->peer, 16, (sk + OFF_SK_V6_DADDR));
    u64 pinet = R(u64, sk, OFF_PINET6);  // an unbound local address: the one chosen for sending
    if (!s->local[0] && !s->local[1] && pinet)
        read_kernel(s->local, 16, (pinet + OFF_NP_SADDR));
}

static __always_inline void netlink_names(struct socket *s, u64 sk) {
    s->portid = R(u32, sk, OFF_NL_PORTID);
    s->peer_portid = R(u32, sk, OFF_NL_DST_PORTID);
    u64 groups = R(u64, sk, OFF_NL_GROUPS);
    *(u32 *)s->local = groups ? R(u32, groups, 0) : 0;
    *(u32 *)s->peer = R(u32, sk, OFF_NL_DST_GROUP);
}

// The path of a unix_address, without its family. Returns its length.
static __always_inline u64 unix_name(u8 *to, u64 address) {
    u64 size = R(u32, address, OFF_UA_LEN);
    size = size >= 2 ? size - 2 : 0;
    if (size > 108)
        size = 108;
    opaque(size);
    if (size > 108)
        size = 108;
    read_kernel(to, size, (address + OFF_UA_NAME + 2));
    return size;
}

// Returns the length of both names.
static __always_inline u64 unix_names(struct socket *s, u64 sk) {
    u64 own = R(u64, sk, OFF_UNIX_ADDR), peer = R(u64, sk, OFF_UNIX_PEER), size = 0, size2 = 0;
    if (own)
        size = unix_name(s->names, own);
    s->local_length = (u16)size;
    s->peer_length = 0xffff;
    if (peer) {
        u64 other = R(u64, peer, OFF_UNIX_ADDR);
        if (other)
            size2 = unix_name(s->names + size, other);
        s->peer_length = (u16)size2;
    }
    *(u64 *)(s->names + size + size2) = 0;
    return size + size2;
}

// The socket behind a descriptor. Returns the section's length, or NO_SECTION where there is no socket.
static __always_inline s64 socket_at(struct socket *s, u64 task, u32 fd) {
    u64 file = file_of(task, fd);
    if (!file)
        return NO_SECTION;
    u64 inode = R(u64, file, OFF_F_INODE);
    if ((R(u16, inode, OFF_I_MODE) & 0170000) != 0140000)
        return NO_SECTION;
    u64 socket = R(u64, file, OFF_F_PRIVATE), sk = R(u64, socket, OFF_SK);
    if (!sk)
        return NO_SECTION;
#pragma unroll
    for (int i = 0; i < 8; i++)
        *(u64 *)((u8 *)s + i * 8) = 0;
    u16 family = R(u16, sk, OFF_SK_FAMILY);
    s->family = family;
    s->type = R(u16, sk, OFF_SK_TYPE);
    s->protocol = R(u16, sk, OFF_SK_PROTOCOL);
    s->state = R(u8, sk, OFF_SK_STATE);
    if (family == 2 || family == 10)
        inet_names(s, sk);
    else if (family == 16)
        netlink_names(s, sk);
    else if (family == 1)
        return sizeof(*s) + unix_names(s, sk);
    return sizeof(*s);
}
