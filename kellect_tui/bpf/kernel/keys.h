// Keys of paths: which file or directory a descriptor is, and whether its path was sent.

static __always_inline u64 mix(u64 h, u64 v) {
    h = (h ^ v) * 0x9E3779B97F4A7C15ull;
    return h ^ (h >> 29);
}

// d_hash.pprev, d_parent, d_name.hash_len, d_name.name, d_inode lie side by side: one read brings all.
struct dent { u64 w[DENT_SPAN / 8]; };
#define D_PPREV(e)  ((e).w[0])
#define D_PARENT(e) ((e).w[(OFF_D_PARENT - OFF_D_PPREV) / 8])
#define D_HASH(e)   ((e).w[(OFF_D_NAME - OFF_D_PPREV) / 8])
#define D_NAME(e)   ((e).w[(OFF_D_NAME - OFF_D_PPREV) / 8 + 1])
#define D_INODE(e)  ((e).w[(OFF_D_INODE - OFF_D_PPREV) / 8])

// Of an open file, in one read: f_mode, f_inode, f_path. Of an inode, in one read: i_mode, i_uid, i_ino.
struct file_span { u64 w[FILE_SPAN / 8]; };
#define F_AT(T, f, off) (*(T *)((u8 *)&(f) + ((off) - FILE_FROM)))
struct inode_span { u64 w[INODE_SPAN / 8]; };
#define I_AT(T, i, off) (*(T *)((u8 *)&(i) + (off)))

static __always_inline u64 file_of(u64 task, u32 fd) {
    u64 files = K(u64, FROM(task), OFF_FILES);
    if (!files)
        return 0;
    u64 fdt = K(u64, files, OFF_FDT);
    if (fd >= K(u32, fdt, OFF_MAX_FDS))
        return 0;
    u64 table = K(u64, fdt, OFF_FD);
#ifdef CAST_CALL
    u64 slot = cast_to(table + (u64)fd * 8, BTF_LIST);  // whose first member is a pointer, too
    return K(u64, slot, 0);
#else
    return R(u64, table, (u64)fd * 8);
#endif
}

// The task's root directory, as numbers in ctl (typed pointers allow no arithmetic, numbers do).
static __always_inline void load_root(struct ctl *c, u64 task) {
    u64 fs = K(u64, FROM(task), OFF_FS);
    SET(c->rmnt, 0);
    SET(c->rdentry, 0);
    if (fs) {
        SET(c->rmnt, K(u64, fs, OFF_ROOT));
        SET(c->rdentry, K(u64, fs, OFF_ROOT + 8));
    }
}

struct names { u64 parent, inode, hash, pprev, name, above; };  // of a dentry; above: number of its parent's inode

// What a path's key hangs on. 0: the dentry can be read.
static __always_inline int names_of(struct ctl *c, u64 dentry, struct names *n) {
#ifdef CAST_CALL
    if (!dentry)
        return 1;
    u64 d = cast_to(dentry, BTF_DENTRY), parent = K(u64, d, OFF_D_PARENT), inode = K(u64, d, OFF_D_INODE);
    SET(c->number[0], parent);
    SET(c->number[1], inode);
    n->hash = K(u64, d, OFF_D_NAME);
    n->name = K(u64, d, OFF_D_NAME + 8);
    n->pprev = K(u64, d, OFF_D_PPREV);
    n->parent = GET(c->number[0]);
    n->inode = GET(c->number[1]);
    inode = K(u64, parent, OFF_D_INODE);
    n->above = K(u64, inode, OFF_I_INO);
#else
    struct dent e;
    if (read_kernel(&e, sizeof(e), (dentry + OFF_D_PPREV)))
        return 1;
    n->hash = D_HASH(e);
    n->name = D_NAME(e);
    n->pprev = D_PPREV(e);
    n->parent = D_PARENT(e);
    n->inode = D_INODE(e);
    u64 inode = R(u64, n->parent, OFF_D_INODE);
    n->above = R(u64, inode, OFF_I_INO);
#endif
    return 0;
}

// Key of a path: everything that its text hangs on. Other generation, other text.
static __always_inline u64 path_key(struct ctl *c, struct cfg *g, u64 dentry, u64 mnt) {
    struct names n;
    if (names_of(c, dentry, &n))
        return 0;
    u64 k = mix(GET(g->generation) + (GET(g->reader_generation) << 40), GET(c->rdentry));
    k = mix(k, GET(c->rmnt));
    k = mix(k, mnt);
    k = mix(k, dentry);
    k = mix(k, n.hash);
    k = mix(k, n.parent);
    k = mix(k, n.inode + (n.pprev ? 1 : 0));
    if (GET(g->movers) && boot_ns() - GET(g->moved) < MOVE_NS)  // moved already, perhaps, and not told yet: lean on nothing
        k = mix(k, boot_ns());
    // Freed memory is used again: another file of this name can have the same dentry, inode and parent in memory. The
    // number of its directory tells it apart: a directory has one place, and what moves or removes it makes a new generation.
    // Pipes, sockets, memfds, anonymous inodes are their own parents and carry no name hash: their own number and the
    // beginning of their names do.
    k = mix(k, n.above);
    if (n.parent == dentry || !n.pprev) {  // of a file made by O_TMPFILE the hash is not the name's, either
        struct { u64 a, b, c; } name = {};
        read_kernel(&name, sizeof(name), n.name);
        k = mix(mix(mix(k, name.a), name.b), name.c);
    }
    return k | 1;
}

static __always_inline int is_sent(u64 key) {
    u32 i = (key >> 20) & (N_SENT - 1);
    u64 *s = sent.lookup(&i);
    return s && *s == key;
}

// Ask for a path to be sent before this event is published.
static __always_inline void want(struct ctl *c, u64 key, u64 dentry, u64 mnt) {
    u64 n = c->pending;
    opaque(n);
    n &= 3;
    if (n == 3)
        return;
    c->wait[n].key = key;
    c->wait[n].dentry = dentry;
    c->wait[n].mnt = mnt;
    c->pending = n + 1;
}

static __always_inline u64 keyed(struct ctl *c, struct cfg *g, u64 dentry, u64 mnt) {
    u64 key = path_key(c, g, dentry, mnt);
    if (key && !is_sent(key))
        want(c, key, dentry, mnt);
    return key;
}

// What a number in a register leads to: an open file; a directory that a name is relative to, open or AT_FDCWD; the working directory.
enum { NO_PLACE, OPEN_FILE, DIRECTORY, CWD };

// The open file behind fd: mount and dentry in ctl.number[2] and [3], and with `r` its inode's facts. 0: not open.
static __always_inline int find_file(struct ctl *c, u64 task, u32 fd, struct rec *r) {
    if ((s32)fd < 0)
        return 0;
    u64 file = file_of(task, fd);
#ifdef CAST_CALL
    if (!file)
        return 0;
    u64 f = cast_to(file, BTF_FILE);
    if (r) {
        u64 inode = K(u64, f, OFF_F_INODE);
        r->file_mode = K(u16, inode, OFF_I_MODE);
        r->file_uid = K(u32, inode, OFF_I_UID);
        r->inode = K(u64, inode, OFF_I_INO);
        if (K(u32, f, OFF_F_MODE) & 0x100000)  // FMODE_CREATED, linux/fs.h
            r->flags |= F_CREATED;
    }
    SET(c->number[2], K(u64, f, OFF_F_PATH));
    SET(c->number[3], K(u64, f, OFF_F_PATH + 8));
#else
    struct file_span f;
    if (!file || read_kernel(&f, sizeof(f), file + FILE_FROM))
        return 0;
    if (r) {
        struct inode_span i;
        if (!read_kernel(&i, sizeof(i), F_AT(u64, f, OFF_F_INODE))) {
            r->file_mode = I_AT(u16, i, OFF_I_MODE);
            r->file_uid = I_AT(u32, i, OFF_I_UID);
            r->inode = I_AT(u64, i, OFF_I_INO);
        }
        if (F_AT(u32, f, OFF_F_MODE) & 0x100000)  // FMODE_CREATED, linux/fs.h
            r->flags |= F_CREATED;
    }
    SET(c->number[2], F_AT(u64, f, OFF_F_PATH));
    SET(c->number[3], F_AT(u64, f, OFF_F_PATH + 8));
#endif
    return 1;
}

static __always_inline int find_cwd(struct ctl *c, u64 task) {
    u64 fs = K(u64, FROM(task), OFF_FS);
    if (!fs)
        return 0;
    SET(c->number[2], K(u64, fs, OFF_PWD));
    SET(c->number[3], K(u64, fs, OFF_PWD + 8));
    return 1;
}

// Key of the place; of an open file its inode's facts go into `r`, if given. 0: none such. One call of `keyed` for all kinds of
// places: it is most of a program's code, and of the time that compiling takes.
static __always_inline u64 key_of(struct ctl *c, struct cfg *g, u64 task, u64 place, u64 value, struct rec *r) {
    int found = place == CWD || (place == DIRECTORY && (s32)value == -100) ? find_cwd(c, task) : find_file(c, task, (u32)value, place == OPEN_FILE ? r : 0);
    return found ? keyed(c, g, GET(c->number[3]), GET(c->number[2])) : 0;
}

static __always_inline int is_absolute(u64 name) {
    char first = 0;
    return !read_user(&first, 1, name) && first == '/';
}
