// Path definitions: a path's names from the bottom up, for a file, a directory or a control group.

// The next waiting path, as a record of its own: names child first, each with its NUL. Called again (turn > 0)
// until the top is reached. Returns 1 when there is nothing left to walk.
static __always_inline int walk(struct ctl *c) {
    u64 n = c->pending;
    if (!n)
        return 1;
    opaque(n);
    n = (n - 1) & 3;
    struct pending *w = &c->wait[n];
    if (!GET(c->turn)) {
        if (c->used >= RESERVE || !reserve(c, PAY_PATH)) {
            c->pending = n;
            return 0;
        }
        SET(c->off, 0);
        SET(c->dentry, w->dentry);
        SET(c->mnt, w->mnt);
        SET(c->root, R(u64, w->mnt, OFF_MNT_ROOT));
    }
    struct rec *r = slot_at(c->head + c->used);
    struct chunk *b = my_chunk(c);
    if (!r || !b) {
        c->pending = n;
        return 0;
    }
    u64 base = c->cursor & (CHUNK - 1);
    if (base > CHUNK - PAY_PATH) {
        c->pending = n;
        return 0;
    }
    u8 *p = b->b + base;
    u64 dentry = GET(c->dentry), mnt = GET(c->mnt), root = GET(c->root), rdentry = GET(c->rdentry), rmnt = GET(c->rmnt);
    struct dent e;
    u64 bits = PATH_CUT, off, end = 0;  // cut, until the top is reached; at the end of a turn there is more to come
    if (!GET(c->turn)) {
        if (read_kernel(&e, sizeof(e), (dentry + OFF_D_PPREV)))
            goto done;
        u64 sb = R(u64, dentry, OFF_D_SB), inode = D_INODE(e), magic = R(u64, sb, OFF_S_MAGIC);
        r->args[1] = magic;
        r->args[2] = R(u64, inode, OFF_I_INO);
        r->args[3] = (!D_PPREV(e) && D_PARENT(e) != dentry) ? PATH_UNLINKED : 0;
        if (magic == 0x6e736673) {  // nsfs: the kind of namespace is known to its operations only
            u64 ns = R(u64, inode, OFF_I_PRIVATE), ops = R(u64, ns, OFF_NS_OPS), name = R(u64, ops, 0);
            s64 len = read_kernel_str(p, 64, name);
            SET(c->off, len > 0 && len <= 64 ? len : 0);
            bits = PATH_PSEUDO;
            goto done;
        }
    }
#pragma clang loop unroll(disable)
    for (int i = 0; i < COMPONENTS; i++) {
        if (dentry == rdentry && mnt == rmnt) {
            bits = 0;
            break;
        }
        if (dentry == root) {  // top of this mount: go on at its mount point
            struct { u64 parent, point; } m;
            u64 mount = mnt - OFF_MNT;
            if (read_kernel(&m, sizeof(m), (mount + OFF_MNT_PARENT)))
                break;
            if (m.parent == mount) {
                bits = PATH_UNREACHABLE;
                break;
            }
            dentry = m.point;
            mnt = m.parent + OFF_MNT;
            root = R(u64, mnt, OFF_MNT_ROOT);
            end = i == COMPONENTS - 1;
            continue;
        }
        // The offset lives in the map, not in a register: a loaded number is unknown in every turn, so turns look
        // alike to the verifier and are pruned.
        off = GET(c->off);
        opaque(off);  // one register for the test and the address: 5.10 does not carry bounds from a copy
        if (off > PAY_PATH - 264)
            break;
        if (read_kernel(&e, sizeof(e), (dentry + OFF_D_PPREV)))
            break;
        s64 len = read_kernel_str(p + off, 256, D_NAME(e));
        if (len <= 0)
            break;
        SET(c->off, off + len);
        if (D_PARENT(e) == dentry) {  // pipe, socket, memfd, or a detached tree
            bits = PATH_PSEUDO;
            break;
        }
        dentry = D_PARENT(e);
        end = i == COMPONENTS - 1;
    }
    if (end && c->turn < WALK_TURNS) {
        SET(c->dentry, dentry);
        SET(c->mnt, mnt);
        SET(c->root, root);
        SET(c->turn, c->turn + 1);
        return 0;
    }
done:
    r->event = PATHDEF;
    r->time = c->time;
    r->args[0] = w->key;
    r->args[3] |= bits;
    r->flags = 0;
    r->payload_at = c->cursor;
    off = GET(c->off);
    r->payload_len = (u32)off;
    c->heap = c->cursor + off;
    c->sent[n] = w->key;
    c->used++;
    c->special = c->head + c->used;
    SET(c->turn, 0);
    c->pending = n;
    return n == 0;
}

// The control group's path, the same way.
static __always_inline void walk_group(struct ctl *c) {
    struct rec *r = slot_at(c->head + c->used);
    struct chunk *b = 0;
    if (r && c->used < RESERVE && reserve(c, PAY_PATH))
        b = my_chunk(c);
    u64 base = c->cursor & (CHUNK - 1), off;
    if (!b || base > CHUNK - PAY_PATH) {
        c->last_group = 0;  // no room: with the next event
        return;
    }
    u8 *p = b->b + base;
    u64 node = GET(c->kernfs), cut = PATH_CUT;
    SET(c->off, 0);
#pragma clang loop unroll(disable)
    for (int i = 0; i < 64; i++) {
        u64 parent = R(u64, node, OFF_KN_PARENT);
        if (!parent) {
            cut = 0;
            break;
        }
        off = GET(c->off);
        if (off > PAY_PATH - 264)
            break;
        s64 len = read_kernel_str(p + off, 256, R(u64, node, OFF_KN_NAME));
        if (len <= 0)
            break;
        SET(c->off, off + len);
        node = parent;
    }
    off = GET(c->off);
    r->event = CGROUPDEF;
    r->time = c->time;
    r->args[0] = GET(c->group);
    r->args[3] = cut;
    r->flags = 0;
    r->payload_at = c->cursor;
    r->payload_len = (u32)off;
    c->heap = c->cursor + off;
    c->used++;
    c->special = c->head + c->used;
    c->sent[3] = GET(c->group_key);
    c->kernfs = 0;
}
