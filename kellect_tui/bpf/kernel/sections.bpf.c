// sys_exit: the record's payload, a section in each turn.

int step(u64 *ctx) {
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    u32 nr = c->nr & 511;
    struct desc *d = desc.lookup(&nr);
    struct rec *r = slot_at(c->event_at);
    if (!d || !r)
        return 0;
    u64 n = GET(c->step);
    if (n >= d->sections)
        goto done;
    if (n == 0) {
        if (!reserve(c, PAY_EVENT)) {
            r->flags |= F_NO_PAYLOAD;
            goto done;
        }
        r->payload_at = c->cursor;
    }
    struct chunk *b = my_chunk(c);
    if (!b)
        goto done;
    SET(c->step, n + 1);
    opaque(n);
    n &= 3;
    u64 kind = d->kind[n], reg = d->reg[n];
    s64 ret = r->result;
    u64 v = reg_of(c, reg);
    u64 at = c->cursor & (CHUNK - 1);
    if (at > CHUNK - SEC_MAX) {
        r->flags |= F_MORE;
        goto done;
    }
    u8 *p = b->b + at;
    u32 marks = 0;
    s64 len = 0;
    if (kind == S_STRING) {
        len = read_user_str(p + 8, 4097, v);
        if (len < 0) {
            marks = MARK_UNREADABLE;
            len = 0;
        } else if (len) {  // before 6.13 an empty string has length 0, with its NUL
            if (len == 4097)
                marks = MARK_TRUNCATED;
            len -= 1;
        }
        opaque(len);
        if (len < 0 || len > 4096)
            len = 0;
        *(u64 *)(p + 8 + len) = 0;
    } else if (kind == S_SOCKADDR) {
        u64 next = reg + 1;
        u64 size = (u32)reg_of(c, next);
        if (d->flags & D_OUT) {
            if (ret < 0)
                goto again;
            size = GET(c->address_length);
        }
        if (!v)
            goto again;
        if ((s32)size < 0)
            size = 0;
        if (size > 128) {
            size = 128;
            marks = MARK_TRUNCATED;
        }
        opaque(size);
        if (size > 128)
            size = 128;
        len = size;
        if (size && read_user(p + 8, size, v)) {
            marks = MARK_UNREADABLE;
            len = 0;
        }
        *(u64 *)(p + 8 + len) = 0;
    } else if (kind == S_ADDRLEN) {
        s32 got = 0;
        u64 room = (u32)c->d[0];
        SET(c->address_length, 0);
        if (!v || ret < 0)
            goto again;
        len = 8;
        if (read_user(&got, 4, v))
            marks = MARK_UNREADABLE;
        *(u64 *)(p + 8) = (u32)got;
        SET(c->address_length, got < 0 ? 0 : (u32)got < room ? (u32)got : room);
        len = 4;
    } else if (kind == S_INTS) {
        if (ret < 0)
            goto again;
        len = 8;
        if (read_user(p + 8, 8, v)) {
            marks = MARK_UNREADABLE;
            len = 0;
        }
    } else if (kind == S_STAT || kind == S_STATX) {
        if (ret < 0)
            goto again;
        len = 32;
        if (read_user(p + 64, 64, v)) {
            marks = MARK_UNREADABLE;
            len = 0;
        } else if (kind == S_STAT) {
            *(u32 *)(p + 8) = 0xffffffff;
            *(u32 *)(p + 12) = *(u32 *)(p + 64 + STAT_MODE);
            *(u32 *)(p + 16) = *(u32 *)(p + 64 + STAT_UID);
            *(u32 *)(p + 20) = *(u32 *)(p + 64 + STAT_GID);
            *(u64 *)(p + 24) = *(u64 *)(p + 64 + 8);
            *(u64 *)(p + 32) = *(u64 *)(p + 64 + 48);
        } else {
            *(u32 *)(p + 8) = *(u32 *)(p + 64);
            *(u32 *)(p + 12) = *(u16 *)(p + 64 + 28);
            *(u32 *)(p + 16) = *(u32 *)(p + 64 + 20);
            *(u32 *)(p + 20) = *(u32 *)(p + 64 + 24);
            *(u64 *)(p + 24) = *(u64 *)(p + 64 + 32);
            *(u64 *)(p + 32) = *(u64 *)(p + 64 + 40);
        }
    } else if (kind == S_HOW || kind == S_CLONE) {
        u64 size = kind == S_HOW ? c->a[3] : c->a[1];
        if (size > 88)
            size = 88;
        opaque(size);
        if (size > 88)
            size = 88;
        len = size & ~7ull;
        if (!len || read_user(p + 8, len, v)) {
            marks = MARK_UNREADABLE;
            len = 0;
        }
    } else if (kind == S_OLD_IDS || kind == S_TARGET || kind == S_CHILD) {
        *(u64 *)(p + 8) = c->d[0];
        *(u64 *)(p + 16) = c->d[1];
        *(u64 *)(p + 24) = c->d[2];
        *(u64 *)(p + 32) = c->d[3];
        len = kind == S_TARGET ? 32 : 24;
        if (r->duration == ~0ull)  // the beginning of the call was not seen
            marks = MARK_UNREADABLE;
    } else if (kind == S_ARGV) {
        exit_next.call((void *)ctx, X_ARGV);
        r->flags |= F_MORE;
        goto done;
    } else if (kind == S_MESSAGE || kind == S_MESSAGES || kind == S_VECTORS) {
        exit_next.call((void *)ctx, X_MESSAGES);
        r->flags |= F_MORE;
        goto done;
    } else if (kind == S_SOCKET) {
        if (reg == REG_RESULT && ret < 0)
            goto again;
        u64 file = file_of(CURRENT(), reg == REG_RESULT ? (u32)ret : (u32)v);
        if (!file)
            goto again;
        u64 inode = R(u64, file, OFF_F_INODE);
        if ((R(u16, inode, OFF_I_MODE) & 0170000) != 0140000)
            goto again;
        u64 socket = R(u64, file, OFF_F_PRIVATE), sk = R(u64, socket, OFF_SK);
        if (!sk)
            goto again;
        u16 family = R(u16, sk, OFF_SK_FAMILY);
#pragma unroll
        for (int i = 0; i < 8; i++)
            *(u64 *)(p + 8 + i * 8) = 0;
        *(u16 *)(p + 8) = family;
        *(u16 *)(p + 10) = R(u16, sk, OFF_SK_TYPE);
        *(u16 *)(p + 12) = R(u16, sk, OFF_SK_PROTOCOL);
        *(u16 *)(p + 14) = R(u8, sk, OFF_SK_STATE);
        len = 64;
        u8 *q = p + 8;
        if (family == 2 || family == 10) {
            u16 port = R(u16, sk, OFF_INET_SPORT);
            *(u16 *)(q + 8) = (u16)(port << 8 | port >> 8);
            port = R(u16, sk, OFF_SK_DPORT);
            *(u16 *)(q + 10) = (u16)(port << 8 | port >> 8);
            *(u32 *)(q + 48) = R(u32, sk, OFF_SK_BOUND_IF);
        }
        if (family == 2) {
            u32 local = R(u32, sk, OFF_SK_RCV_SADDR);
            *(u32 *)(q + 16) = local ? local : R(u32, sk, OFF_INET_SADDR);
            *(u32 *)(q + 32) = R(u32, sk, OFF_SK_DADDR);
        } else if (family == 10) {
            read_kernel(q + 16, 16, (sk + OFF_SK_V6_RCV_SADDR));
            read_kernel(q + 32, 16, (sk + OFF_SK_V6_DADDR));
            u64 pinet = R(u64, sk, OFF_PINET6);  // an unbound local address: the one chosen for sending
            if (!*(u64 *)(q + 16) && !*(u64 *)(q + 24) && pinet)
                read_kernel(q + 16, 16, (pinet + OFF_NP_SADDR));
        } else if (family == 16) {
            *(u32 *)(q + 52) = R(u32, sk, OFF_NL_PORTID);
            *(u32 *)(q + 56) = R(u32, sk, OFF_NL_DST_PORTID);
            u64 groups = R(u64, sk, OFF_NL_GROUPS);
            *(u32 *)(q + 16) = groups ? R(u32, groups, 0) : 0;
            *(u32 *)(q + 32) = R(u32, sk, OFF_NL_DST_GROUP);
        } else if (family == 1) {
            u64 own = R(u64, sk, OFF_UNIX_ADDR), peer = R(u64, sk, OFF_UNIX_PEER), size = 0, size2 = 0;
            if (own) {
                size = R(u32, own, OFF_UA_LEN);
                size = size >= 2 ? size - 2 : 0;
                if (size > 108)
                    size = 108;
                opaque(size);
                if (size > 108)
                    size = 108;
                read_kernel(q + 64, size, (own + OFF_UA_NAME + 2));
            }
            *(u16 *)(q + 12) = (u16)size;
            *(u16 *)(q + 14) = 0xffff;
            if (peer) {
                u64 other = R(u64, peer, OFF_UNIX_ADDR);
                if (other) {
                    size2 = R(u32, other, OFF_UA_LEN);
                    size2 = size2 >= 2 ? size2 - 2 : 0;
                    if (size2 > 108)
                        size2 = 108;
                    opaque(size2);
                    if (size2 > 108)
                        size2 = 108;
                    read_kernel(q + 64 + size, size2, (other + OFF_UA_NAME + 2));
                }
                *(u16 *)(q + 14) = (u16)size2;
            }
            len = 64 + size + size2;
            *(u64 *)(q + len) = 0;
        }
    }
    section(c, r, p, kind == S_STATX ? S_STAT : kind, reg, marks, len);
again:
    if (GET(c->step) < d->sections) {
        exit_next.call((void *)ctx, X_STEP);
        r->flags |= F_MORE;
    }
done:
    publish(c);
    return 0;
}
