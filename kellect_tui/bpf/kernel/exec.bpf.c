// The scheduler's events: an exec that succeeded.

int on_exec(u64 *ctx) {  // (task, old pid, bprm): the image is in place, argv lies in one block
    u64 task = ctx[0], bprm = ctx[2];
    u32 old = (u32)ctx[1];
    struct ctl *c = my_ctl();
    struct cfg *g = my_cfg();
    if (!c || !g)
        return 0;
    u32 tgid = K(u32, task, OFF_TGID);
    u8 *in = pid_in(tgid);
    if (in && *in & P_ON_EXEC)  // a recorded command: its tree begins with its own exec
        *in = (*in & ~P_ON_EXEC) | P_TREE;
    u64 id = (u64)tgid << 32 | old;
    struct flight *f = flight_of(id, 0);
    struct rec *r = task_record(c, g, task, EV_EXEC);
    if (!r) {
        return 0;
    }
    r->flags &= ~F_NO_RESULT;
    r->args[0] = old;
    r->args[3] = K(u64, task, OFF_START_BOOTTIME);
    u64 base = 0;
    if (f) {
        u64 began = f->time, d0 = f->d[0], d1 = f->d[1], sealed = seal(id, d0, d1, f->d[2], f->d[3]), seen = f->flags;
        u32 nr = f->nr & 511;
        barrier();
        if (began && f->seal == sealed && GET(f->id) == id && (nr == NR_EXECVE || nr == NR_EXECVEAT)) {
            r->syscall = nr;
            r->duration = r->time - began;
            if (seen & IN_I386)
                r->flags |= F_I386;
            if (nr == NR_EXECVEAT) {
                r->args[1] = (u32)d1;
                r->args[2] = d1 >> 32;
                base = d0;
            }
        }
        land(g, f);
    }
    load_root(c, task);
    u64 mm = K(u64, FROM(task), OFF_MM);
    u64 exe = K(u64, mm, OFF_EXE_FILE);
    SET(c->dentry, (u64)0);
    if (exe) {
        SET(c->mnt, exe);
        struct { u64 mnt, dentry; } path;
        if (!read_kernel(&path, sizeof(path), (GET(c->mnt) + OFF_F_PATH))) {
            r->key0 = keyed(c, g, path.dentry, path.mnt);
            r->flags |= F_OBJECT;
        }
    }
    r->key1 = key_of(c, g, task, CWD, 0, 0);
    u64 filename = K(u64, bprm, OFF_BPRM_FILENAME), interp = K(u64, bprm, OFF_BPRM_INTERP);
#ifdef OFF_BPRM_FDPATH
    if (K(u64, bprm, OFF_BPRM_FDPATH))
#endif
        r->flags |= F_FD_NAME;
    if (filename != interp)
        r->flags |= F_SCRIPT;
    SET(c->turn, 0);
    SET(c->d[0], filename);
    r->args[4] = K(u64, mm, OFF_ARG_START);
    SET(c->d[1], r->args[4]);
    SET(c->d[2], K(u64, mm, OFF_ARG_END));
    SET(c->d[3], base);
    exec_next.call((void *)ctx, 0);
    publish(c);
    return 0;
}

int exec_walk(u64 *ctx) {
    struct ctl *c = my_ctl();
    if (!c)
        return 0;
    if (GET(c->kernfs)) {
        walk_group(c);
        SET(c->kernfs, 0);
    }
    struct rec *r = slot_at(c->event_at);
    if (!r)
        return 0;
    if (!walk(c)) {
        exec_next.call((void *)ctx, 0);
        r->flags |= F_NO_PAYLOAD;
        publish(c);
        return 0;
    }
    if (!reserve(c, PAY_EVENT)) {
        r->flags |= F_NO_PAYLOAD;
        goto done;
    }
    struct chunk *b = my_chunk(c);
    u64 at = c->cursor & (CHUNK - 1);
    if (!b || at > CHUNK - PAY_EVENT)
        goto done;
    r->payload_at = c->cursor;
    u8 *p = b->b + at;
    s64 len = read_kernel_str(p + 8, 4097, GET(c->d[0]));
    u32 marks = 0;
    if (len < 1) {
        marks = MARK_UNREADABLE;
        len = 1;
    }
    len -= 1;
    opaque(len);
    if (len < 0 || len > 4096)
        len = 0;
    *(u64 *)(p + 8 + len) = 0;
    section(c, r, p, S_STRING, 0, marks, len);
    u64 from = GET(c->d[1]), size = GET(c->d[2]) - from;
    marks = 0;
    if (size > ARGV_MAX) {
        size = ARGV_MAX;
        marks = MARK_TRUNCATED;
    }
    opaque(size);
    if (size > ARGV_MAX)
        size = ARGV_MAX;
    at = c->cursor & (CHUNK - 1);
    if (at > CHUNK - ARGV_MAX - 64)
        goto done;
    p = b->b + at;
    if (size && read_user(p + 8, size, from)) {
        marks = MARK_UNREADABLE;
        size = 0;
    }
    *(u64 *)(p + 8 + size) = 0;
    section(c, r, p, S_ARGV, 1, marks, size);
    if (r->flags & F_SCRIPT && GET(c->d[3])) {
        at = c->cursor & (CHUNK - 1);
        if (at > CHUNK - 64)
            goto done;
        *(u64 *)(b->b + at + 8) = GET(c->d[3]);
        section(c, r, b->b + at, S_KEY, 7, 0, 8);
        r->flags |= F_KEYED;
    }
done:
    publish(c);
    return 0;
}
