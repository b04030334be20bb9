// argv of an exec that failed; the old memory is still there.
int argv(u64 *ctx) {
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    u32 nr = c->nr & 511;
    struct desc *d = desc.lookup(&nr);
    struct rec *r = slot_at(c->event_at);
    struct chunk *b = my_chunk(c);
    u64 at = c->cursor & (CHUNK - 1), off, s = 0, marks = 0;
    if (!d || !r || !b)
        return 0;
    if (at > CHUNK - ARGV_MAX - 4200) {
        r->flags |= F_MORE;
        goto done;
    }
    u8 *p = b->b + at;
    u64 n = GET(c->step) - 1;
    opaque(n);
    n &= 3;
    u64 reg = d->reg[n], v = reg_of(c, reg) + GET(c->turn) * ARGV_TURN * 8, more = 0;
    if (!GET(c->turn))
        SET(c->off, 0);
#pragma clang loop unroll(disable)
    for (u64 i = 0; i < ARGV_TURN; i++) {
        if (read_user(&s, 8, v + i * 8)) {
            marks |= MARK_UNREADABLE;
            break;
        }
        if (!s)
            break;
        off = GET(c->off);
        if (off > ARGV_MAX - 1) {
            marks |= MARK_TRUNCATED;
            break;
        }
        s64 len = read_user_str(p + 8 + off, 4096, s);
        if (len < 0) {
            marks |= MARK_UNREADABLE;
            break;
        }
        if (!len) {  // empty, before 6.13
            p[8 + off] = 0;
            len = 1;
        }
        SET(c->off, off + len);
        if (len == 4096) {  // nothing behind what was cut
            marks |= MARK_TRUNCATED;
            break;
        }
        more = i == ARGV_TURN - 1;
    }
    if (more) {
        SET(c->turn, GET(c->turn) + 1);
        if (GET(c->turn) < ARGV_TURNS)
            exit_next.call((void *)ctx, X_ARGV);
        marks |= MARK_TRUNCATED;
    }
    SET(c->turn, 0);
    off = GET(c->off);
    if (off > ARGV_MAX) {
        off = ARGV_MAX;
        marks |= MARK_TRUNCATED;
    }
    opaque(off);
    if (off > ARGV_MAX)
        off = ARGV_MAX;
    *(u64 *)(p + 8 + off) = 0;
    section(c, r, p, S_ARGV, reg, marks, off);
    exit_next.call((void *)ctx, X_STEP);
    cut_short(c);
done:
    publish(c);
    return 0;
}
