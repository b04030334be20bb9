// sys_exit: one record for a call that is an event.

static __always_inline u64 register_of(u64 regs, int i) {
    return i == 0 ? K(u64, regs, OFF_A0) : i == 1 ? K(u64, regs, OFF_A1) : i == 2 ? K(u64, regs, OFF_A2) :
           i == 3 ? K(u64, regs, OFF_A3) : i == 4 ? K(u64, regs, OFF_A4) : K(u64, regs, OFF_A5);
}

static __always_inline void count_foreign(u32 nr, u32 upper) {
    if (nr >= 1024)
        return;  // no call of any table: ENOSYS
    u32 i = bpf_get_smp_processor_id() * 2048 + upper + nr;
    struct count *n = foreign.lookup(&i);
    if (n)
        n->n++;
}

#ifdef OFF_STATUS
// A 32-bit call: counted by number; of an exec its beginning was noted.
static __always_inline void i386_exit(u64 task, u32 nr, s64 ret) {
    struct cfg *g = my_cfg();
    struct flight *f = flight_of(tgid_and_tid(task), 0);
    if (ret >= 0 && i386_moves(nr))
        new_generation();
    if (ret || nr != I386_EXECVE)  // one that succeeded is an event, whoever called it, and leaves this number (set_personality_ia32)
        count_foreign(nr, 0);
    if (g && f)
        land(g, f);
}
#endif

// A number outside the table: one of x32, or of no call at all (ENOSYS).
static __always_inline void x32_exit(u32 nr, s64 ret) {
    if (nr == 0xffffffff || !(nr & 0x40000000))
        return;
    count_foreign(nr & ~0x40000000u, 1024);
    u32 same = nr & 511;
    struct desc *d = desc.lookup(&same);
    if (d && d->flags & D_MOVES && ret >= 0)
        new_generation();
}

struct beginning { u64 time, d[4]; u32 flags; };  // of a call; time 0: not seen

// What sys_enter noted of this call. It is used up: never the start of a later call.
static __always_inline void take_beginning(struct beginning *b, struct cfg *g, u64 id, u32 nr, u32 flags) {
    struct flight *f = flight_of(id, 0);
    if (!f)
        return;
    if (f->nr == nr) {
        b->time = f->time;
        b->flags = f->flags;
        b->d[0] = f->d[0];
        b->d[1] = f->d[1];
        b->d[2] = f->d[2];
        b->d[3] = f->d[3];
        barrier();
        if (flags & (D_EARLY | D_OLD_IDS | D_TARGET | D_ADDRLEN | D_MSG_NAME) && f->seal != seal(id, b->d[0], b->d[1], b->d[2], b->d[3]))
            b->time = 0;
        if (GET(f->id) != id)
            b->time = 0;
    }
    barrier();  // the place is another task's from here on
    land(g, f);
}

// Whether the call is of the first of its two types.
static __always_inline int condition_holds(struct desc *d, u64 regs) {
    u64 r = d->condition_reg, v = r == 0 ? K(u64, regs, OFF_A0) : r == 1 ? K(u64, regs, OFF_A1) : K(u64, regs, OFF_A2), hit = 0;
    if (d->condition == 3) {
        u64 at = v;
        v = 0;
        if (K(u64, regs, OFF_A3) >= 8)
            read_user(&v, 8, at);
    }
    if (d->condition == 2)
        hit = (u32)v == (u32)d->condition_value || (u32)v == (u32)(d->condition_value >> 32);
    else
        hit = (v & d->condition_value) != 0;
    return hit;
}

// What the call was about, as sys_enter found it before it was changed or removed.
static __always_inline void object_before(struct rec *r, struct desc *d, struct beginning *b) {
    r->key0 = b->d[0];
    r->key1 = b->d[1];
    if (d->object != NOTHING)
        r->flags |= b->flags & IN_NO_OBJECT ? F_NO_OBJECT : F_OBJECT;
}

// What the call was about, as it is now: a file, or the directories that its names are relative to.
static __always_inline void object_now(struct ctl *c, struct cfg *g, struct rec *r, struct desc *d, u64 task, s64 ret) {
    u64 object = d->object, base = d->base, base2 = d->base2, n = d->name, n2 = d->name2;
    u64 first = NO_PLACE, second = NO_PLACE, value = 0, value2 = 0;
    if (object == REG_RESULT && ret < 0)
        object = d->object_failed;
    if (object != NOTHING) {
        first = OPEN_FILE;
        value = object == REG_RESULT ? ret : reg_of(c, object);
    } else if (d->flags & D_CWD_OBJECT && ret == 0) {
        first = CWD;
        r->flags |= F_OBJECT;
    } else {
        if (base != NOTHING && (d->condition == 3 || !is_absolute(reg_of(c, n)))) {  // openat2: RESOLVE_IN_ROOT
            first = base == REG_CWD ? CWD : DIRECTORY;
            value = reg_of(c, base);
        }
        if (base2 != NOTHING && !is_absolute(reg_of(c, n2))) {
            second = base2 == REG_CWD ? CWD : DIRECTORY;
            value2 = reg_of(c, base2);
        }
        if (d->flags & D_EXEC && (base & base2) != NOTHING)
            second = CWD;
    }
    if (first == NO_PLACE && second == NO_PLACE)
        return;
    load_root(c, task);
    if (first != NO_PLACE)
        r->key0 = key_of(c, g, task, first, value, r);
    if (second != NO_PLACE)
        r->key1 = key_of(c, g, task, second, value2, 0);
    if (first == OPEN_FILE)
        r->flags |= r->key0 ? F_OBJECT : F_NO_OBJECT;
}

// What sys_enter kept, where the sections find it.
static __always_inline void hand_on(struct ctl *c, struct beginning *b, u32 flags) {
    if (b->time) {
        c->d[0] = b->d[0];
        c->d[1] = b->d[1];
        c->d[2] = b->d[2];
        c->d[3] = b->d[3];
    } else if (flags & (D_OLD_IDS | D_TARGET | D_ADDRLEN | D_MSG_NAME | D_CLONE)) {
        c->d[0] = ~0ull;
        c->d[1] = ~0ull;
        c->d[2] = ~0ull;
        c->d[3] = 0;
    }
}

int on_exit(u64 *ctx) {
    u64 regs = ctx[0], task = CURRENT();
    u32 nr = (u32)K(u64, regs, OFF_NR);
    s64 ret = (s64)ctx[1];
#ifdef OFF_STATUS
    if (K(u32, task, OFF_STATUS) & 2) {
        i386_exit(task, nr, ret);
        return 0;
    }
#endif
    if (nr >= 512) {
        x32_exit(nr, ret);
        return 0;
    }
    struct desc *d = desc.lookup(&nr);
    if (!d)
        return 0;
    u32 flags = d->flags;
    u64 type = d->event, family = d->family;
    if (!type && !d->other && !(flags & D_MOVES))
        return 0;
    struct cfg *g = my_cfg();
    if (!g)
        return 0;
    u64 id = tgid_and_tid(task);
    if (flags & D_MOVES && ret >= 0 && moves(d, regs))
        __sync_fetch_and_add(&g->generation, 1);  // names may have moved: every path is sent again on its next use
    struct beginning b = {};
    take_beginning(&b, g, id, nr, flags);
    if (!type && !d->other)
        return 0;
    u32 more = 0;
#ifdef OFF_PENDING
    // seccomp answers with SIGSYS (TRAP, KILL): the call never ran, and the register holds its own number
    if (!b.time && ret == (s64)nr && K(u64, task, OFF_PENDING) >> 30 & 1) {
        more = F_NO_RESULT;
        ret = -1;
    }
#endif
    if (ret == 0 && flags & (D_EXEC | D_CLONE)) {
        // A successful exec has its own tracepoint, and leaves execve's number; 0 of clone is the child's side.
        if (nr != NR_EXECVEAT || !(K(u64, regs, OFF_A4) & AT_EXECVE_CHECK))
            return 0;
        more = F_CHECKED;
    }
    struct ctl *c = my_ctl();
    u8 *in = pid_in(id >> 32);
    if (!c || !in)
        return 0;
    if (d->condition && !condition_holds(d, regs)) {
        type = d->other;
        family = d->other_family;
    }
    if (!type || !(g->events >> (type & 63) & 1))
        return 0;
    if (*in & (P_SELF | P_SCREEN)) {
        if (*in & P_SELF)
            return 0;
        if (flags & D_IO) {
            c->left_out++;
            return 0;
        }
    }
    if (!by_pid(g, *in) || !by_name(g, task))
        return 0;
    struct rec *r = claim(c, family);
    if (!r)
        return 0;
    u64 now = boot_ns();
    fill(c, g, r, task, now, type);
    r->result = ret;
    r->syscall = nr;
    r->flags |= more;
    r->duration = b.time ? now - b.time : ~0ull;
    u64 keep = d->registers;
#pragma unroll
    for (int i = 0; i < 6; i++) {
        u64 v = register_of(regs, i);
        c->a[i] = v;
        r->args[i] = keep >> i & 1 ? v : 0;
    }
    c->nr = nr;
    if (flags & D_EARLY && (b.time || ret >= 0)) {
        if (b.time)
            object_before(r, d, &b);
    } else {  // one that failed unseen (seccomp) changed nothing: what it was about is still there
        hand_on(c, &b, flags);
        object_now(c, g, r, d, task, ret);
    }
    SET(c->turn, 0);
    SET(c->step, 0);
    if (c->pending || GET(c->kernfs))
        exit_next.call((void *)ctx, X_WALK);
    else if (d->sections)
        exit_next.call((void *)ctx, X_STEP);
    publish(c);
    return 0;
}

// The kernel makes 33 tail calls and no more: behind one that was not made, what is not there yet is said to be missing.
static __always_inline void cut_short(struct ctl *c) {
    u32 nr = c->nr & 511;
    struct desc *d = desc.lookup(&nr);
    struct rec *r = slot_at(c->event_at);
    if (d && r && GET(c->step) < d->sections)
        r->flags |= F_MORE;
}

int exit_walk(u64 *ctx) {
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    if (GET(c->kernfs)) {
        walk_group(c);
        SET(c->kernfs, 0);
    }
    if (walk(c))
        exit_next.call((void *)ctx, X_STEP);
    else
        exit_next.call((void *)ctx, X_WALK);
    cut_short(c);
    publish(c);
    return 0;
}
