// Lengths summed: of an iovec array, of a msghdr's, or of all those of an array of mmsghdr; then the first message's address.

struct vector { u64 base, length; };
struct message { u64 name; u32 name_length, pad; u64 vectors, count, control, control_length; u32 flags, pad2, moved, pad3; };

static __always_inline void begin_messages(struct ctl *c, u8 *p, u64 kind, u64 at, s64 ret) {
    u64 many = kind == S_MESSAGES;
    *(volatile u64 *)(p + 24) = 0;
    *(volatile u64 *)(p + 32) = 0;
    SET(c->sum, 0);
    SET(c->bad, 0);
    SET(c->moved, 0);
    SET(c->message, 0);
    SET(c->vector, 0);
    SET(c->vectors, 0);
    SET(c->many, many);
    SET(c->messages, many ? (u32)c->a[2] : 1);
    SET(c->messages_at, at);
    SET(c->messages_done, many ? ret : 0);
    if (kind == S_VECTORS) {
        SET(c->messages, (u64)0);
        SET(c->vectors_at, at);
        SET(c->vectors, (u32)c->a[2]);
    }
    SET(c->finished, 0);
}

// The next message: its vectors are what is added up next. 0: it cannot be read, and those behind it are not looked at.
static __always_inline int open_message(struct ctl *c, u8 *p, u64 i, struct message *m) {
    s64 failed = GET(c->many) ? read_user(m, 64, GET(c->messages_at) + i * 64) : read_user(m, 56, GET(c->messages_at));  // msg_len is there in an array only
    if (failed) {
        SET(c->bad, GET(c->bad) | ((s64)i < GET(c->messages_done) ? 3 : 1) | (i ? 0 : 4));
        SET(c->finished, 1);
        return 0;
    }
    if (i == 0) {
        *(volatile u64 *)(p + 24) = m->name;
        *(volatile u32 *)(p + 32) = m->name_length;
    }
    if ((s64)i < GET(c->messages_done))
        SET(c->moved, GET(c->moved) + m->moved);
    SET(c->vectors_at, m->vectors);
    SET(c->vectors, m->count);
    SET(c->vector, 0);
    SET(c->message, i + 1);
    return 1;
}

static __always_inline void add_vector(struct ctl *c, u64 j) {
    struct vector w;
    if (read_user(&w, sizeof(w), GET(c->vectors_at) + j * 16)) {
        SET(c->bad, GET(c->bad) | 1);
        SET(c->vectors, 0);
        return;
    }
    SET(c->sum, GET(c->sum) + w.length);
    if (GET(c->sum) < w.length)
        SET(c->bad, GET(c->bad) | 1);  // more than 64 bits hold
    SET(c->vector, j + 1);
}

// One loop over messages and their vectors, its state in the map: nested ones cost the verifier a million steps.
static __always_inline void add_up(struct ctl *c, u8 *p) {
    struct message m = {};
#pragma clang loop unroll(disable)
    for (u64 pass = 0; pass < VECTORS; pass++) {
        u64 i = GET(c->message), j = GET(c->vector);
        if (j < GET(c->vectors)) {
            add_vector(c, j);
            continue;
        }
        if (i >= GET(c->messages)) {
            SET(c->finished, 1);
            break;
        }
        if (!open_message(c, p, i, &m))
            break;
    }
}

// The first message's address, as a section of its own at p.
static __always_inline void message_address(struct ctl *c, struct desc *d, struct rec *r, u8 *p, u32 reg, u64 name, u64 size) {
    u32 marks = 0;
    if (d->flags & D_MSG_NAME && size > (u32)c->d[0])
        size = (u32)c->d[0];
    SET(c->moved, size);
    if (GET(c->moved) > 128)  // of a number of its own: 5.10 would go on with one that is at least 129 and at most 127
        marks = MARK_TRUNCATED;
    opaque(size);
    if (size > 128)
        size = 128;
    if (size && read_user(p + 8, size, name)) {
        marks = MARK_UNREADABLE;
        size = 0;
    }
    *(u64 *)(p + 8 + size) = 0;
    section(c, r, p, S_SOCKADDR, reg, marks, size);
}

int messages(u64 *ctx) {
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    u32 nr = c->nr & 511;
    struct desc *d = desc.lookup(&nr);
    struct rec *r = slot_at(c->event_at);
    struct chunk *b = my_chunk(c);
    u64 at = c->cursor & (CHUNK - 1);
    if (!d || !r || !b)
        return 0;
    if (at > CHUNK - SEC_MAX) {
        r->flags |= F_MORE;
        publish(c);
        return 0;
    }
    u8 *p = b->b + at;
    u64 n = GET(c->step) - 1;
    opaque(n);
    n &= 3;
    u64 reg = d->reg[n], kind = d->kind[n], v = reg_of(c, reg);
    s64 ret = r->result;
    if (!GET(c->turn))
        begin_messages(c, p, kind, v, ret);
    add_up(c, p);
    if (!GET(c->finished) && GET(c->turn) < VECTOR_TURNS - 1) {
        SET(c->turn, GET(c->turn) + 1);
        exit_next.call((void *)ctx, X_MESSAGES);
    }
    SET(c->turn, 0);
    if (!GET(c->finished) && (GET(c->message) < GET(c->messages) || GET(c->vector) < GET(c->vectors)))
        SET(c->bad, GET(c->bad) | ((s64)GET(c->message) < GET(c->messages_done) ? 3 : 1));
    u64 bad = GET(c->bad);
    *(u64 *)(p + 8) = GET(c->sum);
    if (kind == S_VECTORS) {
        section(c, r, p, S_VECTORS, reg, bad ? MARK_UNREADABLE : 0, 8);
    } else {
        u64 name = *(volatile u64 *)(p + 24), size = *(volatile u32 *)(p + 32);
        *(u64 *)(p + 16) = GET(c->moved);
        *(u32 *)(p + 36) = (u32)bad;
        section(c, r, p, S_MESSAGE, reg, bad & 4 ? MARK_UNREADABLE : 0, 32);
        if (name && !(bad & 4) && !(ret < 0 && d->flags & D_MSG_NAME))
            message_address(c, d, r, p + 40, reg, name, size);
    }
    exit_next.call((void *)ctx, X_STEP);
    cut_short(c);
    publish(c);
    return 0;
}
