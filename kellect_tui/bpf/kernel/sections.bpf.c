// sys_exit: the record's payload, a section in each turn. Each of these writes one section's bytes at q and returns how many they
// are, or NO_SECTION where this call has nothing to tell.

static __always_inline s64 string_at(u8 *q, u64 from, u32 *marks) {
    s64 len = read_user_str(q, 4097, from);
    if (len < 0) {
        *marks = MARK_UNREADABLE;
        len = 0;
    } else if (len) {  // before 6.13 an empty string has length 0, with its NUL
        if (len == 4097)
            *marks = MARK_TRUNCATED;
        len -= 1;
    }
    opaque(len);
    if (len < 0 || len > 4096)
        len = 0;
    *(u64 *)(q + len) = 0;
    return len;
}

static __always_inline s64 address_at(u8 *q, u64 from, u64 size, u32 *marks) {
    if (!from)
        return NO_SECTION;
    if ((s32)size < 0)
        size = 0;
    if (size > 128) {
        size = 128;
        *marks = MARK_TRUNCATED;
    }
    opaque(size);
    if (size > 128)
        size = 128;
    s64 len = size;
    if (size && read_user(q, size, from)) {
        *marks = MARK_UNREADABLE;
        len = 0;
    }
    *(u64 *)(q + len) = 0;
    return len;
}

// The length of a returned address; `room` was there for it.
static __always_inline s64 address_length_at(struct ctl *c, u8 *q, u64 from, u64 room, u32 *marks) {
    s32 got = 0;
    SET(c->address_length, 0);
    if (!from)
        return NO_SECTION;
    if (read_user(&got, 4, from))
        *marks = MARK_UNREADABLE;
    *(u64 *)q = (u32)got;
    SET(c->address_length, got < 0 ? 0 : (u32)got < room ? (u32)got : room);
    return 4;
}

static __always_inline s64 bytes_at(u8 *q, u64 from, u64 size, u32 *marks) {
    if (size && !read_user(q, size, from))
        return size;
    *marks = MARK_UNREADABLE;
    return 0;
}

// nlink (or statx's mask), mode, uid, gid, inode, size: of struct stat, or of struct statx.
static __always_inline s64 stat_at(u8 *q, u64 from, int extended, u32 *marks) {
    u8 *s = q + 56;
    if (read_user(s, 64, from)) {
        *marks = MARK_UNREADABLE;
        return 0;
    }
    if (extended) {
        *(u32 *)q = *(u32 *)s;
        *(u32 *)(q + 4) = *(u16 *)(s + 28);
        *(u32 *)(q + 8) = *(u32 *)(s + 20);
        *(u32 *)(q + 12) = *(u32 *)(s + 24);
        *(u64 *)(q + 16) = *(u64 *)(s + 32);
        *(u64 *)(q + 24) = *(u64 *)(s + 40);
    } else {
        *(u32 *)q = 0xffffffff;
        *(u32 *)(q + 4) = *(u32 *)(s + STAT_MODE);
        *(u32 *)(q + 8) = *(u32 *)(s + STAT_UID);
        *(u32 *)(q + 12) = *(u32 *)(s + STAT_GID);
        *(u64 *)(q + 16) = *(u64 *)(s + 8);
        *(u64 *)(q + 24) = *(u64 *)(s + 48);
    }
    return 32;
}

// A structure that may grow: as much of it as there is, in whole words.
static __always_inline s64 structure_at(u8 *q, u64 from, u64 size, u32 *marks) {
    if (size > 88)
        size = 88;
    opaque(size);
    if (size > 88)
        size = 88;
    return bytes_at(q, from, size & ~7ull, marks);
}

// What sys_enter kept.
static __always_inline s64 kept_at(struct ctl *c, struct rec *r, u8 *q, u64 size, u32 *marks) {
    *(u64 *)q = c->d[0];
    *(u64 *)(q + 8) = c->d[1];
    *(u64 *)(q + 16) = c->d[2];
    *(u64 *)(q + 24) = c->d[3];
    if (r->duration == ~0ull)  // the beginning of the call was not seen
        *marks = MARK_UNREADABLE;
    return size;
}

// A section of what is told of calls that succeeded only.
static __always_inline int of_success(u64 kind, u64 reg, u32 flags) {
    return kind == S_ADDRLEN || kind == S_INTS || kind == S_STAT || kind == S_STATX || (kind == S_SOCKADDR && flags & D_OUT) ||
           (kind == S_SOCKET && reg == REG_RESULT);
}

static __always_inline s64 section_at(struct ctl *c, struct desc *d, struct rec *r, u8 *q, u64 kind, u64 reg, u32 *marks) {
    s64 ret = r->result;
    u64 from = reg_of(c, reg), next = reg + 1;
    if (ret < 0 && of_success(kind, reg, d->flags))
        return NO_SECTION;
    if (kind == S_STRING)
        return string_at(q, from, marks);
    if (kind == S_SOCKADDR)
        return address_at(q, from, d->flags & D_OUT ? GET(c->address_length) : (u32)reg_of(c, next), marks);
    if (kind == S_ADDRLEN)
        return address_length_at(c, q, from, (u32)c->d[0], marks);
    if (kind == S_INTS)
        return bytes_at(q, from, 8, marks);
    if (kind == S_STAT || kind == S_STATX)
        return stat_at(q, from, kind == S_STATX, marks);
    if (kind == S_HOW || kind == S_CLONE)
        return structure_at(q, from, kind == S_HOW ? c->a[3] : c->a[1], marks);
    if (kind == S_OLD_IDS || kind == S_TARGET || kind == S_CHILD)
        return kept_at(c, r, q, kind == S_TARGET ? 32 : 24, marks);
    if (kind == S_SOCKET)
        return socket_at((struct socket *)q, CURRENT(), reg == REG_RESULT ? (u32)ret : (u32)from);
    return NO_SECTION;
}

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
    u64 kind = d->kind[n], reg = d->reg[n], at = c->cursor & (CHUNK - 1);
    if (at > CHUNK - SEC_MAX) {
        r->flags |= F_MORE;
        goto done;
    }
    if (kind == S_ARGV || kind == S_MESSAGE || kind == S_MESSAGES || kind == S_VECTORS) {
        if (kind == S_ARGV)
            exit_next.call((void *)ctx, X_ARGV);
        else
            exit_next.call((void *)ctx, X_MESSAGES);
        r->flags |= F_MORE;
        goto done;
    }
    u8 *p = b->b + at;
    u32 marks = 0;
    s64 len = section_at(c, d, r, p + 8, kind, reg, &marks);
    if (len != NO_SECTION)
        section(c, r, p, kind == S_STATX ? S_STAT : kind, reg, marks, len);
    if (GET(c->step) < d->sections) {
        exit_next.call((void *)ctx, X_STEP);
        r->flags |= F_MORE;
    }
done:
    publish(c);
    return 0;
}
