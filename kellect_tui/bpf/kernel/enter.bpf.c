// sys_enter: when a call began, and what it is about to change or remove.

int on_enter(u64 *ctx) {
    u64 number = ctx[1];
    u32 nr = (u32)number;
    if (nr >= 512)
        return 0;
    struct desc *d = desc.lookup(&nr);
    if (!d)
        return 0;
    u32 flags = d->flags;
    if (!d->event && !d->other && nr != I386_EXECVE && nr != I386_EXECVEAT && !(flags & D_MOVES))
        return 0;
    u64 task = CURRENT();
    u64 id = tgid_and_tid(task);
    struct cfg *g = my_cfg();
    if (!g)
        return 0;
#ifdef OFF_STATUS
    if (K(u32, task, OFF_STATUS) & 2) {  // TS_COMPAT: a 32-bit number, not ours
        if (nr == I386_EXECVE || nr == I386_EXECVEAT) {  // alone remembered: sched_process_exec reports it
            struct flight *f = take_off(g, id, nr == I386_EXECVE ? NR_EXECVE : NR_EXECVEAT);
            if (f) {
                f->flags = IN_I386;
                f->d[1] = (u32)K(u64, ctx[0], OFF_I386_A0) | K(u64, ctx[0], OFF_I386_A4) << 32;
                f->d[2] = 0;
                f->d[3] = 0;
                f->seal = seal(id, 0, f->d[1], 0, 0);
            }
        }
        return 0;
    }
#endif
    u64 regs = ctx[0];
    int wanted = d->event || d->other, moving = flags & D_MOVES && moves(d, regs);
    if (g->mode & (M_PID | M_TREE)) {  // no clock read for processes that are filtered out
        u8 *in = pid_in(id >> 32);
        if (in && !by_pid(g, *in) && !(flags & D_EXEC))
            wanted = 0;
    }
    if (!wanted && !moving)
        return 0;
    struct flight *f = take_off(g, id, nr);
    if (f && moving) {
        f->flags = IN_MOVE;
        SET(g->moved, f->time);
        __sync_fetch_and_add(&g->movers, 1);
    }
    if (!f || !wanted || !(flags & (D_EARLY | D_OLD_IDS | D_ADDRLEN | D_TARGET | D_EXEC | D_MSG_NAME)))
        return 0;
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    if (GET(c->busy)) {  // as if the call's beginning had not been seen: nothing can be looked at
        f->time = 0;
        return 0;
    }
    SET(c->busy, LOOKING);
    barrier();
    c->a[0] = K(u64, regs, OFF_A0);
    if (flags & D_EARLY && d->object == 0) {  // close: hot enough to stay here
        c->pending = 0;
        load_root(c, task);
        u64 key = key_of(c, g, task, OPEN_FILE, c->a[0], 0);
        f->d[0] = key;
        f->d[2] = 0;
        f->d[3] = 0;
        f->seal = seal(id, key, 0, 0, 0);
        f->flags = key ? 0 : IN_NO_OBJECT;
        if (c->pending) {
            c->routine = d->family & ROUTINE;
            enter_next.call((void *)ctx, E_WALK);
        }
        SET(c->busy, 0);
        return 0;
    }
    c->a[1] = K(u64, regs, OFF_A1);
    c->a[2] = K(u64, regs, OFF_A2);
    c->a[3] = K(u64, regs, OFF_A3);
    c->a[4] = K(u64, regs, OFF_A4);
    c->a[5] = K(u64, regs, OFF_A5);
    c->nr = nr;
    enter_next.call((void *)ctx, E_EARLY);
    SET(c->busy, 0);
    return 0;
}

int early(u64 *ctx) {
    struct ctl *c = my_ctl();
    struct cfg *g = my_cfg();
    if (!c || !g)
        return 0;
    u32 nr = c->nr & 511;
    struct desc *d = desc.lookup(&nr);
    u64 task = CURRENT();
    u64 id = tgid_and_tid(task), out[4] = {};
    struct flight *f = flight_of(id, 0);
    if (!d || !f) {
        SET(c->busy, 0);
        return 0;
    }
    u32 flags = d->flags;
    c->pending = 0;
    if (flags & D_OLD_IDS) {
        u64 cred = K(u64, FROM(task), OFF_CRED);
        out[0] = K(u32, cred, OFF_UID) | (u64)K(u32, cred, OFF_EUID) << 32;
        out[1] = K(u32, cred, OFF_SUID) | (u64)K(u32, cred, OFF_GID) << 32;
        out[2] = K(u32, cred, OFF_EGID) | (u64)K(u32, cred, OFF_SGID) << 32;
    } else if (flags & D_ADDRLEN) {
        u64 r = d->reg[0];
        s32 length = 0;
        u64 at = reg_of(c, r);
        if (at && read_user(&length, 4, at))
            length = -1;
        out[0] = (u32)length;
    } else if (flags & D_MSG_NAME) {
        struct { u64 name; u32 length, pad; } m = {};
        read_user(&m, sizeof(m), c->a[1]);
        out[0] = m.length;
    } else if (flags & D_TARGET) {
        u64 r = d->reg[0];
        target(out, d, task, reg_of(c, r), c->a[3]);
    } else {
        load_root(c, task);
        if (d->base != NOTHING && !(flags & D_EXEC && d->base == REG_CWD)) {
            u64 r = d->base;
            out[0] = key_of(c, g, task, r == REG_CWD ? CWD : DIRECTORY, reg_of(c, r), 0);
        }
        if (flags & D_EXEC) {
            out[1] = (u32)c->a[0] | (u64)(u32)c->a[4] << 32;
        } else if (d->base2 != NOTHING) {
            u64 r = d->base2;
            out[1] = key_of(c, g, task, r == REG_CWD ? CWD : DIRECTORY, reg_of(c, r), 0);
        }
        c->routine = d->family & ROUTINE;
    }
    f->d[0] = out[0];
    f->d[1] = out[1];
    f->d[2] = out[2];
    f->d[3] = out[3];
    f->seal = seal(id, out[0], out[1], out[2], out[3]);
    if (c->pending)
        enter_next.call((void *)ctx, E_WALK);
    SET(c->busy, 0);
    return 0;
}

// Path definitions on their own, before their event.
int early_walk(u64 *ctx) {
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    if (c->busy == LOOKING) {
        if (!has_room(c, c->head, c->routine)) {
            SET(c->busy, 0);
            return 0;  // the key stays unsent; the event will be lost or marked
        }
        SET(c->busy, WALKING);
        c->used = 0;
        c->time = boot_ns();
        SET(c->turn, 0);
    }
    if (walk(c)) {
        publish(c);
        return 0;
    }
    enter_next.call((void *)ctx, E_WALK);
    publish(c);
    return 0;
}
