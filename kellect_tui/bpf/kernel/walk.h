// Path definitions: a path's names from the bottom up, for a file, a directory or a control group.

enum { MORE = 0x100 };  // beside a definition's bits: not at the top yet

// Room for a definition, and where its path begins.
static __always_inline int begin_walk(struct ctl *c, struct pending *w) {
    if (c->used >= RESERVE || !reserve(c, PAY_PATH))
        return 0;
    SET(c->off, 0);
    SET(c->dentry, w->dentry);
    SET(c->mnt, w->mnt);
    SET(c->root, R(u64, w->mnt, OFF_MNT_ROOT));
    return 1;
}

// What a definition says beside the names. Returns its bits where there are no names, else MORE.
static __always_inline u64 look_at(struct ctl *c, struct rec *r, u8 *p) {
    struct dent e;
    u64 dentry = GET(c->dentry);
    if (read_kernel(&e, sizeof(e), (dentry + OFF_D_PPREV))) {
        r->args[1] = r->args[2] = r->args[3] = 0;  // not what the slot held before
        return PATH_CUT;
    }
    u64 sb = R(u64, dentry, OFF_D_SB), inode = D_INODE(e), magic = R(u64, sb, OFF_S_MAGIC);
    r->args[1] = magic;
    r->args[2] = R(u64, inode, OFF_I_INO);
    r->args[3] = (!D_PPREV(e) && D_PARENT(e) != dentry) ? PATH_UNLINKED : 0;
    if (magic != 0x6e736673)
        return MORE;
    // nsfs: the kind of namespace is known to its operations only
    u64 ns = R(u64, inode, OFF_I_PRIVATE), ops = R(u64, ns, OFF_NS_OPS), name = R(u64, ops, 0);
    s64 len = read_kernel_str(p, 64, name);
    SET(c->off, len > 0 && len <= 64 ? len : 0);
    return PATH_PSEUDO;
}

// Names from here upwards. Returns the definition's bits, or MORE where the turn ends before the top.
static __always_inline u64 climb(struct ctl *c, u8 *p) {
    u64 dentry = GET(c->dentry), mnt = GET(c->mnt), root = GET(c->root), rdentry = GET(c->rdentry), rmnt = GET(c->rmnt), off;
    struct dent e;
#pragma clang loop unroll(disable)
    for (int i = 0; i < COMPONENTS; i++) {
        if (dentry == rdentry && mnt == rmnt)
            return 0;
        if (dentry == root) {  // top of this mount: go on at its mount point
            struct { u64 parent, point; } m;
            u64 mount = mnt - OFF_MNT;
            if (read_kernel(&m, sizeof(m), (mount + OFF_MNT_PARENT)))
                return PATH_CUT;
            if (m.parent == mount)
                return PATH_UNREACHABLE;
            dentry = m.point;
            mnt = m.parent + OFF_MNT;
            root = R(u64, mnt, OFF_MNT_ROOT);
            continue;
        }
        // The offset lives in the map, not in a register: a loaded number is unknown in every turn, so turns look
        // alike to the verifier and are pruned.
        off = GET(c->off);
        opaque(off);  // one register for the test and the address: 5.10 does not carry bounds from a copy
        if (off > PAY_PATH - 264)
            return PATH_CUT;
        if (read_kernel(&e, sizeof(e), (dentry + OFF_D_PPREV)))
            return PATH_CUT;
        s64 len = read_kernel_str(p + off, 256, D_NAME(e));
        if (len <= 0)
            return PATH_CUT;
        SET(c->off, off + len);
        if (D_PARENT(e) == dentry)  // pipe, socket, memfd, or a detached tree
            return PATH_PSEUDO;
        dentry = D_PARENT(e);
    }
    SET(c->dentry, dentry);
    SET(c->mnt, mnt);
    SET(c->root, root);
    return MORE;
}

// The next waiting path, as a record of its own: names child first, each with its NUL. Called again (turn > 0)
// until the top is reached. Returns 1 when there is nothing left to walk.
static __always_inline int walk(struct ctl *c) {
    u64 n = c->pending;
    if (!n)
        return 1;
    opaque(n);
    n = (n - 1) & 3;
    struct pending *w = &c->wait[n];
    if (!GET(c->turn) && !begin_walk(c, w)) {
        c->pending = n;
        return 0;
    }
    struct rec *r = slot_at(c->head + c->used);
    struct chunk *b = my_chunk(c);
    u64 base = c->cursor & (CHUNK - 1), bits = MORE;
    if (!r || !b || base > CHUNK - PAY_PATH) {
        c->pending = n;
        return 0;
    }
    u8 *p = b->b + base;
    if (!GET(c->turn))
        bits = look_at(c, r, p);
    if (bits == MORE)
        bits = climb(c, p);
    if (bits == MORE && GET(c->turn) < WALK_TURNS) {
        SET(c->turn, GET(c->turn) + 1);
        return 0;
    }
    r->event = PATHDEF;
    r->time = c->time;
    r->args[0] = w->key;
    r->args[3] |= bits == MORE ? PATH_CUT : bits;
    r->flags = 0;
    r->payload_at = c->cursor;
    u64 off = GET(c->off);
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
