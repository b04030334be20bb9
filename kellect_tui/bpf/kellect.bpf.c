// The recorder: one fixed record (and its payload) per event, in a ring per CPU.
//
// Compiled by BCC without kernel headers. program.py puts in front of this text: offsets of kernel structures
// from the running kernel's BTF (OFF_*), sizes (N_*), and the numbers of sections, flags and event types, which
// Python owns. struct rec is checked against events/record.py's dtype when the program is loaded.
//
// Three chains of programs, one per tracepoint (a program array is tied to its tracepoint):
//   sys_enter  on_enter → early → early_walk           start time; what the call is about to change or remove
//   sys_exit   on_exit → exit_walk → step (↺) → argv   one record per call that is an event
//   sched      on_fork; on_exec → exec_walk; on_gone   the events that are no calls
//
// Rings: arrays of fixed slots and a payload heap beside them, both mapped by the reader. A program claims the
// next slot, fills it, puts path definitions in the slots after it, and publishes all of them by moving `head`.
// Before 7.0 the kernel runs all of this with preemption off. Since then a task may be taken off the CPU inside a
// program: `busy` keeps the others from this CPU's ring and scratch meanwhile, and their events are counted as lost.

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
// BCC declares these helpers as returning int; the casts that follow cost the verifier its bounds.
static s64 (*read_user)(void *, u64, u64) = (void *)112;
static s64 (*read_kernel)(void *, u64, u64) = (void *)113;
static s64 (*read_user_str)(void *, u64, u64) = (void *)114;
static s64 (*read_kernel_str)(void *, u64, u64) = (void *)115;
static u64 (*boot_ns)(void) = (void *)125;
#ifdef TYPED  // K(): load through a BTF-typed pointer, one instruction, checked by the verifier
#define K(T, p, o) (*(T *)((p) + (o)))
#define CURRENT() ((u64)bpf_get_current_task_btf())
#else         // plain raw tracepoint: the same source with probe reads
#define K(T, p, o) ({ T v_ = 0; read_kernel(&v_, sizeof(v_), ((p) + (o))); v_; })
#define CURRENT() ((u64)bpf_get_current_task())
#endif
// cast_to(): a typed pointer from a number (bpf_rdonly_cast, 6.2). program.py puts the kernel function's id in the place of
// this helper's number; the verifier makes a move of the call. A load through it is a tenth of a probe read.
#ifdef CAST_CALL
static u64 (*cast_to)(u64, u64) = (void *)CAST_CALL;
#endif
// add_in_order(): an addition with a full barrier on both sides, for processors that reorder stores (arm64). compiled.py puts
// a fetching atomic (kernel 5.18 there) in the place of the call.
#ifdef ORDERED_ADD
static void (*add_in_order)(u64 *, u64) = (void *)ORDERED_ADD;
#endif
// FROM(): a task, to take pointers from. Of each pointer that a load takes from a trusted one the verifier asks whether it is
// trusted, too: four searches through all names of the kernel's types, 0.1 ms each. One that was cast is not, nor what it leads to.
#ifdef CAST_CALL
#define FROM(task) cast_to(task, BTF_TASK)
#else
#define FROM(task) (task)
#endif
// R(): load through an untyped kernel address
#define R(T, p, o) ({ T r_ = 0; read_kernel(&r_, sizeof(r_), ((p) + (o))); r_; })
#define barrier() asm volatile("" ::: "memory")
// Make the compiler forget what it knows of x, so that the mask or test after it stays in the code.
#define opaque(x) asm volatile("" : "+r"(x))
#define SET(x, v) (*(volatile typeof(x) *)&(x) = (v))
#define GET(x) (*(volatile typeof(x) *)&(x))

#define CHUNK 262144u     // one element of the payload heap
#define PAY_EVENT 16384u  // payload limit of one event
#define PAY_PATH 4608u    // payload limit of one path definition
#define SEC_MAX 4128u     // largest section but argv
#define ARGV_MAX 8192u
#define RESERVE 8u        // slots that one event may take: a gap record, itself, its path definitions
#define MOVE_NS 20000000u // a call that moves names is done in this time; one that hangs must not have every path sent for ever
// Loops are cut into turns (a tail call each, of which the kernel allows 33), because the verifier walks through every pass
// of a turn: it decides how long the start takes.
#define ARGV_TURN 256     // strings of a failed exec in one turn; 16 turns reach 4096 empty ones
#define ARGV_TURNS 16
#define VECTORS 80        // messages and their vectors, together, that are added up in one turn
#define VECTOR_TURNS 4
#define COMPONENTS 160    // path components in one turn of a walker; 13 turns reach 4095 bytes of one-letter names
#define WALK_TURNS 14

enum { LOOKING = 3, WALKING = 2 };  // beside 1 in ctl.busy: what a program of sys_enter is at; 1: an event is being written
enum { GAP = 250, PATHDEF = 251, CGROUPDEF = 252 };  // records between the program and the reader only
enum { HIDDEN_FAMILY = 4, FAMILIES = 6 };
enum { LOSSES = 0x8000 };  // beside an event's type: its record says what was lost before it, where no gap record is needed for that
// Beside a family's number: an event of a type that is lost first. It may not take the last eighth of the slots nor
// the last half of the payload heap: those are for the others.
enum { ROUTINE = 8 };
#define FOR_ROUTINE (N_SLOT - N_SLOT / 8)
#define HEAP_FOR_ROUTINE ((u64)N_CHUNK * CHUNK / 2)
// pid table bits
enum { PF_IO_WORKER = 0x10, PF_USER_WORKER = 0x4000, PF_KTHREAD = 0x200000, SIGNAL_GROUP_EXIT = 4 };  // include/linux/sched.h, sched/signal.h
enum { P_SELF = 1, P_SCREEN = 2, P_CHOSEN = 4, P_TREE = 8, P_ON_EXEC = 16, P_ENDED = 32 };
enum { M_PID = 1, M_TREE = 2, M_COMM = 4, M_UID = 8 };
// descriptor flags
enum { D_EARLY = 1, D_CWD_OBJECT = 2, D_MOVES = 4, D_OLD_IDS = 8, D_ADDRLEN = 16, D_TARGET = 32, D_EXEC = 64,
       D_MSG_NAME = 128, D_CLONE = 256, D_IO = 512, D_OUT = 1024, D_PIDFD = 2048 };
enum { NOTHING = 255, REG_RESULT = 6, REG_CWD = 8 };
enum { I386_EXECVE = 11, I386_EXECVEAT = 358 };
// sections that differ in how they are read, not in what they hold
enum { S_MESSAGES = 20, S_STATX = 21 };
// path definition bits
enum { PATH_UNLINKED = 1, PATH_PSEUDO = 2, PATH_UNREACHABLE = 4, PATH_CUT = 8 };
// in-flight bits
enum { IN_NO_OBJECT = 1, IN_I386 = 2, IN_MOVE = 4 };

struct rec {
    u64 seq, time, duration; s64 result;
    u64 args[6];
    char comm[16]; u64 cgroup;
    u32 pid, tid, ppid, uid, gid, ruid, auid, who_pad;
    u64 key0, key1, inode;
    u32 file_uid; u16 file_mode, what_pad;
    u64 payload_at; u32 payload_len, flags;
    u16 event, syscall, cpu, record_pad;
};
struct desc {  // one per system call number; event and other 0: not an event
    u16 event, other;            // the condition holds, does not
    u8 family, other_family;     // with ROUTINE
    u8 sections, registers;
    u8 condition, condition_reg; // 0 none, 1 any of these bits, 2 one of two values, 3 bits of open_how.flags
    u8 object, object_failed, base, base2, name, name2;
    u32 flags, pad;
    u64 condition_value;
    u8 kind[4], reg[4];
};
struct pending { u64 key, dentry, mnt; };
struct ctl {
    u64 head, seq, busy, heap;                    // producer
    u64 used, cursor, slot, event_at;             // slots used beside head's; write position in the heap; event's slot
    u64 a[6], d[5];                               // registers; what sys_enter kept
    u64 off, dentry, mnt, root, rdentry, rmnt, nr, turn, address_length, step;
    u64 pending; struct pending wait[4];          // paths to be sent
    u64 kernfs, group, group_key, last_group, gap, before, sent[4];  // before: what the next event's record says was lost
    u64 sum, bad, moved, time, message, vector, vectors, vectors_at, messages, messages_at, many, finished;
    s64 messages_done; u64 routine, number[4];       // a typed pointer that was stored here is read back as a number
    u64 tail, heap_tail, pad1[6];                 // consumer, a cache line of its own
    u64 lost[FAMILIES], left_out, no_payload;
    u64 told[FAMILIES], pad2[2];                  // of `lost`, up to the newest gap
};
struct cfg {
    u64 events;                                   // bit n: type n is asked for
    u64 mode, generation, reader_generation;
    u64 movers, moved;                            // calls under way that move names; when the last of them began
    u64 comm[2 * N_COMM], comm_mask[2 * N_COMM];  // BCC describes nested arrays wrongly
    u32 uid[N_UID]; u32 uids, comms;
};
struct flight { u64 id, time; u32 nr, flags; u64 d[4], seal; };  // seal: of id and d, where the end of the call reads d
struct pidset { u8 in[64]; };  // one byte per pid: a store needs no atomic, a lookup is inlined
struct chunk { u8 b[CHUNK]; };
struct count { u64 n; };

BPF_F_TABLE("array", u32, struct rec, ring, N_CPU * N_SLOT, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct chunk, heap, N_CPU * N_CHUNK, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct ctl, ctl, N_CPU, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct desc, desc, 512, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct cfg, cfg, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct pidset, pids, N_PID / 64, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct count, foreign, N_CPU * 2048, BPF_F_MMAPABLE);  // calls of other ABIs by number
BPF_F_TABLE("array", u32, struct count, uring, N_CPU * 128, BPF_F_MMAPABLE);     // io_uring operations by opcode
BPF_ARRAY(flights, struct flight, N_FLIGHT);
BPF_ARRAY(sent, u64, N_SENT);
BPF_PROG_ARRAY(enter_next, 2);
BPF_PROG_ARRAY(exit_next, 4);
BPF_PROG_ARRAY(exec_next, 1);
enum { E_EARLY, E_WALK };
enum { X_WALK, X_STEP, X_ARGV, X_MESSAGES };

static __always_inline u64 mix(u64 h, u64 v) {
    h = (h ^ v) * 0x9E3779B97F4A7C15ull;
    return h ^ (h >> 29);
}

static __always_inline struct ctl *my_ctl(void) {
    u32 cpu = bpf_get_smp_processor_id();
    return ctl.lookup(&cpu);
}

static __always_inline struct cfg *my_cfg(void) {
    u32 zero = 0;
    return cfg.lookup(&zero);
}

static __always_inline u8 *pid_in(u64 tgid) {
    u32 i = (u32)tgid / 64;
    struct pidset *s = pids.lookup(&i);
    opaque(tgid);
    return s ? &s->in[tgid & 63] : 0;
}

// ---- slots -------------------------------------------------------------------------------------------------

static __always_inline struct rec *slot_at(u64 position) {
    u32 i = bpf_get_smp_processor_id() * N_SLOT + (u32)(position & (N_SLOT - 1));
    return ring.lookup(&i);
}

static __always_inline int has_room(struct ctl *c, u64 head, u64 routine) {
    return head + RESERVE - GET(c->tail) <= (routine ? FOR_ROUTINE : N_SLOT);
}

static __always_inline void count_lost(struct ctl *c, u64 family) {
    opaque(family);
    family &= 7;
    if (family < FAMILIES)
        __sync_fetch_and_add(&c->lost[family], 1);
    c->gap = 1;
}

// Tell what was lost since this was told last, in the event's own record if it fits: 32 bits of the first family, 16 of the next
// two, as it does where routine events are lost between others. Else in a gap record before it. Under overload every event that
// is kept has a loss before it: so each takes one slot and not two.
static __always_inline void tell_losses(struct ctl *c, u64 head, u64 seq) {
    u64 lost[FAMILIES];
    c->gap = 0;
    barrier();  // one that is lost meanwhile (7.0) opens the next gap
#pragma unroll
    for (int i = 0; i < FAMILIES; i++) {
        u64 now = GET(c->lost[i]);
        lost[i] = now - c->told[i];
        c->told[i] = now;
    }
    if (!(lost[0] >> 32 | lost[1] >> 16 | lost[2] >> 16 | lost[3] | lost[4] | lost[5])) {
        c->before = lost[0] | lost[1] << 32 | lost[2] << 48;
        return;
    }
    struct rec *g = slot_at(head);
    if (g) {
        g->event = GAP;
        g->seq = seq;
        g->payload_len = 0;
#pragma unroll
        for (int i = 0; i < FAMILIES; i++)
            g->args[i] = lost[i];
        c->used = 1;
    }
}

// Claim this CPU's next slots for an event of `family` (with ROUTINE), or count the loss.
static __always_inline struct rec *claim(struct ctl *c, u64 family) {
    if (GET(c->busy)) {
        count_lost(c, family);
        return 0;
    }
    SET(c->busy, 1);
    barrier();
    u64 head = GET(c->head);
    u64 seq = c->seq;
    c->seq = seq + 1;
    c->routine = family & ROUTINE;
    if (!has_room(c, head, family & ROUTINE)) {
        count_lost(c, family);
        SET(c->busy, 0);
        return 0;
    }
    c->used = 0;
    c->pending = 0;
    if (c->gap)
        tell_losses(c, head, seq);
    c->event_at = head + c->used;
    struct rec *r = slot_at(c->event_at);
    if (!r) {
        SET(c->busy, 0);
        return 0;
    }
    c->used++;
    r->seq = seq;
    r->payload_len = 0;
    r->flags = 0;
    return r;
}

// Publish what was claimed. Paths count as sent only from here on: a reader that sees a record that leans on a
// path finds the path published before it.
static __always_inline void publish(struct ctl *c) {
#ifdef ORDERED_ADD
    add_in_order(&c->head, c->used);
#else
    barrier();  // x86 keeps stores in order
    SET(c->head, c->head + c->used);
#endif
#pragma unroll
    for (int i = 0; i < 4; i++) {
        u64 key = c->sent[i];
        if (key) {
            u32 at = (key >> 20) & (N_SENT - 1);
            sent.update(&at, &key);
            c->sent[i] = 0;
        }
    }
    barrier();
    SET(c->busy, 0);
}

static __always_inline int reserve(struct ctl *c, u64 bytes) {
    u64 p = (c->heap + 7) & ~7ull;
    if ((p & (CHUNK - 1)) > CHUNK - bytes)
        p = (p + CHUNK - 1) & ~(u64)(CHUNK - 1);
    if (p + bytes - GET(c->heap_tail) > (c->routine ? HEAP_FOR_ROUTINE : (u64)N_CHUNK * CHUNK)) {
        c->no_payload++;
        return 0;
    }
    c->cursor = p;
    c->heap = p;
    return 1;
}

static __always_inline struct chunk *my_chunk(struct ctl *c) {
    u32 i = bpf_get_smp_processor_id() * N_CHUNK + (u32)((c->cursor / CHUNK) & (N_CHUNK - 1));
    return heap.lookup(&i);
}

// ---- files and their paths ---------------------------------------------------------------------------------

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

// The open file behind fd: its key, and with `r` its inode's facts. 0: not open.
static __always_inline u64 object_key(struct ctl *c, struct cfg *g, u64 task, u32 fd, struct rec *r) {
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
    return keyed(c, g, GET(c->number[3]), GET(c->number[2]));
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
    return keyed(c, g, F_AT(u64, f, OFF_F_PATH + 8), F_AT(u64, f, OFF_F_PATH));
#endif
}

// Base directory of a name: the working directory or a descriptor. 0: none such.
static __always_inline u64 base_key(struct ctl *c, struct cfg *g, u64 task, u32 reg, u64 value) {
    if (reg == REG_CWD || (s32)value == -100) {
        u64 fs = K(u64, FROM(task), OFF_FS);
        if (!fs)
            return 0;
        SET(c->mnt, K(u64, fs, OFF_PWD));
        SET(c->dentry, K(u64, fs, OFF_PWD + 8));
        return keyed(c, g, GET(c->dentry), GET(c->mnt));
    }
    return object_key(c, g, task, (u32)value, 0);
}

static __always_inline int is_absolute(u64 name) {
    char first = 0;
    return !read_user(&first, 1, name) && first == '/';
}

static __always_inline u64 reg_of(struct ctl *c, u64 i) {
    opaque(i);
    i &= 7;
    return i < 6 ? c->a[i] : 0;
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
    u64 node = GET(c->kernfs);
    SET(c->off, 0);
#pragma clang loop unroll(disable)
    for (int i = 0; i < 64; i++) {
        u64 parent = R(u64, node, OFF_KN_PARENT);
        if (!parent)
            break;
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
    r->flags = 0;
    r->payload_at = c->cursor;
    r->payload_len = (u32)off;
    c->heap = c->cursor + off;
    c->used++;
    c->sent[3] = GET(c->group_key);
    c->kernfs = 0;
}

// ---- who ---------------------------------------------------------------------------------------------------

static __always_inline int by_pid(struct cfg *g, u8 in) {
    u64 mode = g->mode;
    return (!(mode & M_PID) || in & P_CHOSEN) && (!(mode & M_TREE) || in & P_TREE);
}

static __always_inline int by_name(struct cfg *g, u64 task) {
    u64 mode = g->mode;
    if (mode & M_COMM) {
        u64 a = K(u64, task, OFF_COMM), b = K(u64, task, OFF_COMM + 8), hit = 0;
        // What lies behind the NUL is no part of the name (5.10 leaves rubbish there): the masks stop at it.
#pragma unroll
        for (int i = 0; i < N_COMM; i++)
            hit |= i < g->comms && !((a ^ g->comm[2 * i]) & g->comm_mask[2 * i]) && !((b ^ g->comm[2 * i + 1]) & g->comm_mask[2 * i + 1]);
        if (!hit)
            return 0;
    }
    if (mode & M_UID) {
        u64 cred = K(u64, FROM(task), OFF_CRED), hit = 0;
        u32 uid = K(u32, cred, OFF_EUID);
#pragma unroll
        for (int i = 0; i < N_UID; i++)
            hit |= i < g->uids && g->uid[i] == uid;
        return hit;
    }
    return 1;
}

// Loads instead of helper calls: a fifth of their cost.
static __always_inline u64 group_id(u64 task) {
#if defined(TYPED) && defined(OFF_DFL_CGRP) && defined(OFF_KN_ID)
    u64 set = K(u64, FROM(task), OFF_CGROUPS), own = K(u64, set, OFF_DFL_CGRP), node = K(u64, own, OFF_CGRP_KN);
    return K(u64, node, OFF_KN_ID);
#else
    return bpf_get_current_cgroup_id();
#endif
}

static __always_inline u64 tgid_and_tid(u64 task) {
#ifdef TYPED
    return (u64)K(u32, task, OFF_TGID) << 32 | K(u32, task, OFF_PID);
#else
    return bpf_get_current_pid_tgid();
#endif
}

static __always_inline void fill(struct ctl *c, struct cfg *g, struct rec *r, u64 task, u64 now, u64 event) {
    u64 parent = K(u64, FROM(task), OFF_REAL_PARENT), cred = K(u64, FROM(task), OFF_CRED), before = c->before;
    if (before) {
        c->before = 0;
        event |= LOSSES;
    }
    r->event = event;
    r->time = now;
    c->time = now;  // of the path definitions that follow it
    if (c->event_at != c->head) {  // and of the gap before it: one transaction is never cut in two by time
        struct rec *gap = slot_at(c->head);
        if (gap)
            gap->time = now;
    }
    r->pid = K(u32, task, OFF_TGID);
    r->tid = K(u32, task, OFF_PID);
    r->ppid = K(u32, parent, OFF_TGID);
    r->uid = K(u32, cred, OFF_EUID);
    r->gid = K(u32, cred, OFF_EGID);
    r->ruid = K(u32, cred, OFF_UID);
#ifdef OFF_LOGINUID
    r->auid = K(u32, task, OFF_LOGINUID);
#else
    r->auid = 0xffffffff;
#endif
    r->who_pad = (u32)before;
    *(u64 *)r->comm = K(u64, task, OFF_COMM);
    *(u64 *)(r->comm + 8) = K(u64, task, OFF_COMM + 8);
    r->key0 = 0;
    r->key1 = 0;
    r->inode = 0;
    r->file_uid = 0;
    r->file_mode = 0;
    r->what_pad = (u16)(before >> 32);
    *(u32 *)&r->cpu = bpf_get_smp_processor_id() | (u32)(before >> 48) << 16;  // and record_pad
    u64 group = group_id(task);
    r->cgroup = group;
    if (group != c->last_group) {
        c->last_group = group;  // the reader sets it to 0 after a loss
#ifdef OFF_DFL_CGRP
        u64 key = mix(group, 0xC6 + (GET(g->reader_generation) << 8)) | 1;
        if (!is_sent(key)) {
            SET(c->group_key, key);
            u64 set = K(u64, FROM(task), OFF_CGROUPS), own = K(u64, set, OFF_DFL_CGRP);
            SET(c->group, group);
            SET(c->kernfs, K(u64, own, OFF_CGRP_KN));
        }
#endif
    }
}

static __always_inline struct flight *flight_of(u64 id, int make) {
    u32 i = (u32)id & (N_FLIGHT - 1);
    struct flight *f = flights.lookup(&i);
    if (f && (f->id == id || (make && !f->id)))
        return f;
    i ^= N_FLIGHT / 2;  // the second place: two tids with equal low bits can both be inside a call
    struct flight *s = flights.lookup(&i);
    if (s && s->id == id)
        return s;
    if (!make)
        return 0;
    return s && !s->id ? s : f;
}

// Two tasks whose numbers lead to one place can take it at once, and then each writes a part: the seal tells whose d it is.
static __always_inline u64 seal(u64 id, u64 d0, u64 d1, u64 d2, u64 d3) {
    return mix(mix(mix(mix(id, d0), d1), d2), d3);
}

// ---- sys_enter ---------------------------------------------------------------------------------------------

// Whether this call moves names: rename always, unlinkat where it removes a directory (its flags are in register 2).
static __always_inline int moves(struct desc *d, u64 regs) {
    return !d->condition || K(u64, regs, OFF_A2) & d->condition_value;
}

static __always_inline void land(struct cfg *g, struct flight *f) {
    if (f->flags & IN_MOVE)
        __sync_fetch_and_add(&g->movers, -1);
    f->id = 0;
}

static __always_inline struct flight *take_off(struct cfg *g, u64 id, u32 nr) {
    struct flight *f = flight_of(id, 1);
    if (!f)
        return 0;
    if (f->id)  // of another with these low bits
        land(g, f);
    f->id = id;
    barrier();  // who reads another's number or time after this sees another's id, too
    f->nr = nr;
    f->flags = 0;
    f->d[0] = 0;
    f->d[1] = 0;
    f->time = boot_ns();
    return f;
}

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
        u64 key = object_key(c, g, task, (u32)c->a[0], 0);
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

// struct pid behind a number in the task's own pid namespace: the namespace's idr, a radix tree of 64-way nodes.
static __always_inline u64 pid_struct(u64 task, s32 number) {
    u64 own = R(u64, task, OFF_THREAD_PID);
    u32 level = R(u32, own, OFF_PID_LEVEL);
    u64 space = R(u64, own, OFF_PID_NUMBERS + (u64)(level & 31) * SIZE_UPID + OFF_UPID_NS);
    u64 entry = R(u64, space, OFF_PIDNS_XA_HEAD);
    u64 n = (u32)number - R(u32, space, OFF_PIDNS_BASE);
    if (n >> 31)
        return 0;
#pragma unroll
    for (int i = 0; i < 6; i++) {
        if ((entry & 3) != 2)  // not an inner node: the entry itself (at the root only for number 0)
            return i || !n ? entry : 0;
        u64 node = entry & ~3ull;
        u32 shift = R(u8, node, OFF_XA_SHIFT);
        if (i == 0 && shift < 32 && n >> shift >> 6)
            return 0;
        entry = R(u64, node, OFF_XA_SLOTS + ((n >> (shift & 31)) & 63) * 8);
    }
    return 0;
}

// Whom a signal is sent to: comm of the target, which may be gone when the call ends.
static __always_inline void target(u64 *out, struct desc *d, u64 task, u64 passed) {
    u64 kind = 0, pid = 0;
    s32 number = (s32)passed;
    if (d->flags & D_PIDFD) {
        u64 file = file_of(task, (u32)passed);
        if (file) {
            u64 inode = R(u64, file, OFF_F_INODE);
            u64 sb = R(u64, inode, OFF_I_SB);
            u64 magic = R(u64, sb, OFF_S_MAGIC);
            // pidfs (6.9) or, before, an anonymous inode: its private data is the struct pid
            if (magic == 0x50494446)
                pid = R(u64, inode, OFF_I_PRIVATE);
            else if (magic == 0x09041934)
                pid = R(u64, file, OFF_F_PRIVATE);
        }
        number = 0;
        if (pid) {
            u64 own = R(u64, task, OFF_THREAD_PID);
            u32 level = R(u32, own, OFF_PID_LEVEL);
            u64 at = OFF_PID_NUMBERS + (u64)(level & 31) * SIZE_UPID;
            if (level <= R(u32, pid, OFF_PID_LEVEL) && R(u64, pid, at + OFF_UPID_NS) == R(u64, own, at + OFF_UPID_NS))
                number = R(s32, pid, at);  // none where the target is outside the caller's namespace
        }
    } else if (number > 0)
        pid = pid_struct(task, number);
    out[0] = (u32)number;
    out[1] = 0;
    out[2] = 0;
    out[3] = 0;
    u64 link = pid ? R(u64, pid, OFF_PID_TASKS) : 0;  // tasks[PIDTYPE_PID].first
    if (!link)
        return;
    u64 found = link - OFF_PID_LINKS;
    struct { u64 a, b; } comm;
    if (read_kernel(&comm, sizeof(comm), (found + OFF_COMM)))
        return;
    out[0] |= 1ull << 32;
    out[1] = comm.a;
    out[2] = comm.b;
    out[3] = R(u32, found, OFF_TGID);
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
        target(out, d, task, reg_of(c, r));
    } else {
        load_root(c, task);
        if (d->base != NOTHING && !(flags & D_EXEC && d->base == REG_CWD)) {
            u64 r = d->base;
            out[0] = base_key(c, g, task, (u32)r, reg_of(c, r));
        }
        if (flags & D_EXEC) {
            out[1] = (u32)c->a[0] | (u64)(u32)c->a[4] << 32;
        } else if (d->base2 != NOTHING) {
            u64 r = d->base2;
            out[1] = base_key(c, g, task, (u32)r, reg_of(c, r));
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

// ---- sys_exit ----------------------------------------------------------------------------------------------

static __always_inline u64 register_of(u64 regs, int i) {
    return i == 0 ? K(u64, regs, OFF_A0) : i == 1 ? K(u64, regs, OFF_A1) : i == 2 ? K(u64, regs, OFF_A2) :
           i == 3 ? K(u64, regs, OFF_A3) : i == 4 ? K(u64, regs, OFF_A4) : K(u64, regs, OFF_A5);
}

// 32-bit calls that move names, counted only otherwise (arch/x86/entry/syscalls/syscall_32.tbl): rename, rmdir, mount, umount,
// chroot, umount2, pivot_root, unlinkat, renameat, unshare, setns, renameat2, open_tree, move_mount, fsmount.
static __always_inline int i386_moves(u32 nr) {
    return nr == 38 || nr == 40 || nr == 21 || nr == 22 || nr == 61 || nr == 52 || nr == 217 || nr == 301 || nr == 302 || nr == 310 || nr == 346 || nr == 353 ||
           nr == 428 || nr == 429 || nr == 432;
}

static __always_inline void count_foreign(u32 nr, u32 upper) {
    if (nr >= 1024)
        return;  // no call of any table: ENOSYS
    u32 i = bpf_get_smp_processor_id() * 2048 + upper + nr;
    struct count *n = foreign.lookup(&i);
    if (n)
        n->n++;
}

static __always_inline void new_generation(void) {
    struct cfg *g = my_cfg();
    if (g)
        __sync_fetch_and_add(&g->generation, 1);
}

int on_exit(u64 *ctx) {
    u64 regs = ctx[0], task = CURRENT();
    u32 nr = (u32)K(u64, regs, OFF_NR);
    s64 ret = (s64)ctx[1];
#ifdef OFF_STATUS
    if (K(u32, task, OFF_STATUS) & 2) {
        struct cfg *g = my_cfg();
        struct flight *f = flight_of(tgid_and_tid(task), 0);
        if (ret >= 0 && i386_moves(nr))
            new_generation();
        if (ret || (nr != I386_EXECVE && nr != I386_EXECVEAT))  // one that succeeded is an event, whoever called it
            count_foreign(nr, 0);
        if (g && f)
            land(g, f);
        return 0;
    }
#endif
    if (nr >= 512) {
        if (nr != 0xffffffff && nr & 0x40000000) {  // x32; other numbers are no calls at all (ENOSYS)
            count_foreign(nr & ~0x40000000u, 1024);
            u32 same = nr & 511;
            struct desc *d = desc.lookup(&same);
            if (d && d->flags & D_MOVES && ret >= 0)
                new_generation();
        }
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
    struct flight *f = flight_of(id, 0);
    if (flags & D_MOVES && ret >= 0 && moves(d, regs))
        __sync_fetch_and_add(&g->generation, 1);  // names may have moved: every path is sent again on its next use
    u64 began = 0, kept[4] = {};
    u32 seen = 0;
    if (f) {
        if (f->nr == nr) {
            began = f->time;
            seen = f->flags;
            kept[0] = f->d[0];
            kept[1] = f->d[1];
            kept[2] = f->d[2];
            kept[3] = f->d[3];
            barrier();
            if (flags & (D_EARLY | D_OLD_IDS | D_TARGET | D_ADDRLEN | D_MSG_NAME) && f->seal != seal(id, kept[0], kept[1], kept[2], kept[3]))
                began = 0;  // as of a call whose beginning was not seen
            if (GET(f->id) != id)
                began = 0;
        }
        barrier();  // the place is another task's from here on
        land(g, f);  // used up: never the start of a later call
    }
    if (!type && !d->other)
        return 0;
    u32 refused = 0;
#ifdef OFF_PENDING
    // seccomp answers with SIGSYS (TRAP, KILL): the call never ran, and the register holds its own number
    if (!began && ret == (s64)nr && K(u64, task, OFF_PENDING) >> 30 & 1) {
        refused = F_NO_RESULT;
        ret = -1;
    }
#endif
    if (ret == 0 && flags & (D_EXEC | D_CLONE))
        return 0;  // a successful exec has its own tracepoint; 0 of clone is the child's side
    struct ctl *c = my_ctl();
    u8 *in = pid_in(id >> 32);
    if (!c || !in)
        return 0;
    u64 a = 0;
    if (d->condition) {
        u64 r = d->condition_reg, v = 0, hit = 0;
        v = r == 0 ? K(u64, regs, OFF_A0) : r == 1 ? K(u64, regs, OFF_A1) : K(u64, regs, OFF_A2);
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
        if (!hit) {
            type = d->other;
            family = d->other_family;
        }
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
    r->flags |= refused;
    r->duration = began ? now - began : ~0ull;
    u64 keep = d->registers;
#pragma unroll
    for (int i = 0; i < 6; i++) {
        u64 v = register_of(regs, i);
        c->a[i] = v;
        r->args[i] = keep >> i & 1 ? v : 0;
    }
    c->nr = nr;
    u64 object = d->object, base = d->base, base2 = d->base2;
    if (flags & D_EARLY && (began || ret >= 0)) {
        if (began) {
            r->key0 = kept[0];
            r->key1 = kept[1];
            if (object != NOTHING)
                r->flags |= seen & IN_NO_OBJECT ? F_NO_OBJECT : F_OBJECT;
        }
    } else {  // one that failed unseen (seccomp) changed nothing: what it was about is still there
        if (began) {
            c->d[0] = kept[0];
            c->d[1] = kept[1];
            c->d[2] = kept[2];
            c->d[3] = kept[3];
        } else if (flags & (D_OLD_IDS | D_TARGET | D_ADDRLEN | D_MSG_NAME | D_CLONE)) {
            c->d[0] = ~0ull;
            c->d[1] = ~0ull;
            c->d[2] = ~0ull;
            c->d[3] = 0;
        }
        if (object == REG_RESULT && ret < 0)
            object = d->object_failed;
        if (object != NOTHING) {
            load_root(c, task);
            u32 fd = object == REG_RESULT ? (u32)ret : (u32)reg_of(c, object);
            u64 key = object_key(c, g, task, fd, r);
            r->key0 = key;
            r->flags |= key ? F_OBJECT : F_NO_OBJECT;
        } else if (flags & D_CWD_OBJECT && ret == 0) {
            load_root(c, task);
            r->key0 = base_key(c, g, task, REG_CWD, 0);
            r->flags |= F_OBJECT;
        } else if ((base & base2) != NOTHING) {
            load_root(c, task);
            u64 n = d->name, n2 = d->name2;
            if (base != NOTHING && (d->condition == 3 || !is_absolute(reg_of(c, n))))  // openat2: RESOLVE_IN_ROOT
                r->key0 = base_key(c, g, task, (u32)base, reg_of(c, base));
            if (base2 != NOTHING && !is_absolute(reg_of(c, n2)))
                r->key1 = base_key(c, g, task, (u32)base2, reg_of(c, base2));
            if (flags & D_EXEC)
                r->key1 = base_key(c, g, task, REG_CWD, 0);
        }
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

// One section: header at p, data behind it, zero bytes up to a multiple of 8. Moves the cursor.
static __always_inline void section(struct ctl *c, struct rec *r, u8 *p, u32 kind, u32 reg, u32 marks, u64 length) {
    *(u32 *)p = kind | reg << 8 | marks << 16;
    *(u32 *)(p + 4) = (u32)length;
    u64 next = c->cursor + ((length + 15) & ~7ull);
    c->cursor = next;
    c->heap = next;
    r->payload_len = (u32)(next - r->payload_at);
}

static __always_inline void socket_names(struct ctl *c, struct rec *r, u8 *p, u64 sk, u32 reg);

struct vector { u64 base, length; };

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

// Lengths summed: of an iovec array, of a msghdr's, or of all those of an array of mmsghdr; then the first message's address.
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
    u64 reg = d->reg[n], many = d->kind[n] == S_MESSAGES, v = reg_of(c, reg), count = many ? (u32)c->a[2] : 1;
    s64 ret = r->result;
    struct { u64 name; u32 name_length, pad; u64 vectors, count, control, control_length; u32 flags, pad2, moved, pad3; } m = {};
    u32 marks = 0;
    u64 kind = d->kind[n];
    // One loop over messages and their vectors, its state in the map: nested ones cost the verifier a million steps.
    if (!GET(c->turn)) {
        *(volatile u64 *)(p + 24) = 0;
        *(volatile u64 *)(p + 32) = 0;
        SET(c->sum, 0);
        SET(c->bad, 0);
        SET(c->moved, 0);
        SET(c->message, 0);
        SET(c->vector, 0);
        SET(c->vectors, 0);
        SET(c->many, many);
        SET(c->messages, count);
        SET(c->messages_at, v);
        SET(c->messages_done, many ? ret : 0);
        if (kind == S_VECTORS) {
            SET(c->messages, (u64)0);
            SET(c->vectors_at, v);
            SET(c->vectors, (u32)c->a[2]);
        }
        SET(c->finished, 0);
    }
#pragma clang loop unroll(disable)
    for (u64 pass = 0; pass < VECTORS; pass++) {
        u64 i = GET(c->message), j = GET(c->vector);
        if (j >= GET(c->vectors)) {
            if (i >= GET(c->messages)) {
                SET(c->finished, 1);
                break;
            }
            s64 failed = GET(c->many) ? read_user(&m, 64, GET(c->messages_at) + i * 64) : read_user(&m, 56, GET(c->messages_at));  // msg_len is there in an array only
            if (failed) {
                SET(c->bad, GET(c->bad) | ((s64)i < GET(c->messages_done) ? 3 : 1) | (i ? 0 : 4));
                SET(c->finished, 1);
                break;
            }
            if (i == 0) {
                *(volatile u64 *)(p + 24) = m.name;
                *(volatile u32 *)(p + 32) = m.name_length;
            }
            if ((s64)i < GET(c->messages_done))
                SET(c->moved, GET(c->moved) + m.moved);
            SET(c->vectors_at, m.vectors);
            SET(c->vectors, m.count);
            SET(c->vector, 0);
            SET(c->message, i + 1);
            continue;
        }
        struct vector w;
        if (read_user(&w, sizeof(w), GET(c->vectors_at) + j * 16)) {
            SET(c->bad, GET(c->bad) | 1);
            SET(c->vectors, 0);
            continue;
        }
        SET(c->sum, GET(c->sum) + w.length);
        if (GET(c->sum) < w.length)
            SET(c->bad, GET(c->bad) | 1);  // more than 64 bits hold
        SET(c->vector, j + 1);
    }
    if (!GET(c->finished) && GET(c->turn) < VECTOR_TURNS - 1) {
        SET(c->turn, GET(c->turn) + 1);
        exit_next.call((void *)ctx, X_MESSAGES);
    }
    SET(c->turn, 0);
    if (!GET(c->finished) && (GET(c->message) < GET(c->messages) || GET(c->vector) < GET(c->vectors)))
        SET(c->bad, GET(c->bad) | ((s64)GET(c->message) < GET(c->messages_done) ? 3 : 1));
    if (kind == S_VECTORS) {
        *(u64 *)(p + 8) = GET(c->sum);
        section(c, r, p, S_VECTORS, reg, GET(c->bad) ? MARK_UNREADABLE : 0, 8);
        goto next;
    }
    u64 bad = GET(c->bad), name = *(volatile u64 *)(p + 24), size = *(volatile u32 *)(p + 32);
    *(u64 *)(p + 8) = GET(c->sum);
    *(u64 *)(p + 16) = GET(c->moved);
    *(u32 *)(p + 36) = (u32)bad;
    section(c, r, p, S_MESSAGE, reg, bad & 4 ? MARK_UNREADABLE : 0, 32);
    if (!name || bad & 4 || (ret < 0 && d->flags & D_MSG_NAME))
        goto next;
    if (d->flags & D_MSG_NAME && size > (u32)c->d[0])
        size = (u32)c->d[0];
    SET(c->moved, size);
    if (GET(c->moved) > 128)  // of a number of its own: 5.10 would go on with one that is at least 129 and at most 127
        marks = MARK_TRUNCATED;
    opaque(size);
    if (size > 128)
        size = 128;
    if (size && read_user(p + 48, size, name)) {
        marks = MARK_UNREADABLE;
        size = 0;
    }
    *(u64 *)(p + 48 + size) = 0;
    section(c, r, p + 40, S_SOCKADDR, reg, marks, size);
next:
    exit_next.call((void *)ctx, X_STEP);
    cut_short(c);
    publish(c);
    return 0;
}

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

// ---- scheduler events --------------------------------------------------------------------------------------

// A record for fork, exec or exit. They feed the process tree even where the capture filter leaves them out.
static __always_inline struct rec *task_record(struct ctl *c, struct cfg *g, u64 task, u32 event) {
    u8 *in = pid_in(K(u32, task, OFF_TGID));
    if (!in)
        return 0;
    int shown = (g->events >> event & 1) && !(*in & P_SELF) && by_pid(g, *in) && by_name(g, task);
    u64 family = shown ? 1 : HIDDEN_FAMILY;
    struct rec *r = claim(c, family);
    if (!r)
        return 0;
    fill(c, g, r, task, boot_ns(), event);
    r->flags = shown ? F_NO_RESULT : F_NO_RESULT | F_HIDDEN;
    r->syscall = 0xffff;
    r->duration = ~0ull;
    r->result = 0;
    r->args[0] = 0;
    r->args[1] = 0;
    r->args[2] = 0;
    r->args[3] = 0;
    r->args[4] = 0;
    r->args[5] = 0;
    return r;
}

int on_fork(u64 *ctx) {  // (parent, child): parent is the task that called
    u64 parent = ctx[0], child = ctx[1];
    struct ctl *c = my_ctl();
    struct cfg *g = my_cfg();
    if (!c || !g)
        return 0;
    u32 own = K(u32, parent, OFF_TGID), tgid = K(u32, child, OFF_TGID);
    u8 *in = pid_in(own), *out = pid_in(tgid);
    if (in && out && own != tgid)
        *out = *in & P_TREE;  // descendants inherit membership, and nothing else
    u32 child_tid = K(u32, child, OFF_PID);
    struct flight *f = flight_of((u64)own << 32 | K(u32, parent, OFF_PID), 0);
    if (f)  // for the call's own event: it returns the number of the caller's pid namespace
        f->d[0] = child_tid;
#ifdef OFF_NSPROXY
    if (K(u64, FROM(child), OFF_NSPROXY) != K(u64, FROM(parent), OFF_NSPROXY))  // perhaps with mounts of its own
        new_generation();
#endif
    struct rec *r = task_record(c, g, parent, EV_FORK);
    if (!r)
        return 0;
    u64 real = K(u64, FROM(child), OFF_REAL_PARENT);
    r->args[0] = tgid;
    r->args[1] = child_tid;
    r->args[2] = own == tgid ? own : K(u32, real, OFF_TGID);
    r->args[3] = K(u64, child, OFF_START_BOOTTIME);
    r->args[4] = K(u64, child, OFF_COMM);
    r->args[5] = K(u64, child, OFF_COMM + 8);
    if (K(u32, child, OFF_TASK_FLAGS) & PF_KTHREAD)
        r->flags |= F_KERNEL;
    if (GET(c->kernfs))  // the group's path goes with the next event that can walk
        c->last_group = 0;
    SET(c->kernfs, 0);
    publish(c);
    return 0;
}

int on_gone(u64 *ctx) {  // (task[, group_dead])
    u64 task = ctx[0];
    struct ctl *c = my_ctl();
    struct cfg *g = my_cfg();
    if (!c || !g)
        return 0;
    u32 tgid = K(u32, task, OFF_TGID), tid = K(u32, task, OFF_PID);
#ifdef EXIT_SAYS_GROUP_DEAD
    u64 dead = ctx[1] & 1;
#else
    // Threads that end together can all find nobody alive: the first that is told is the last one.
    u8 *in = pid_in(tgid);
    u64 dead = in && !(*in & P_ENDED) && K(u32, K(u64, FROM(task), OFF_SIGNAL), OFF_LIVE) == 0;
    if (dead)
        *in |= P_ENDED;
#endif
    struct rec *r = task_record(c, g, task, EV_EXIT);
    if (r) {
        r->args[0] = K(u32, task, OFF_EXIT_CODE);
        r->args[1] = K(u32, task, OFF_PRIO);
        r->args[2] = dead;
        r->args[3] = K(u64, task, OFF_START_BOOTTIME);
        r->args[4] = r->time;
        if (K(u32, task, OFF_TASK_FLAGS) & (PF_IO_WORKER | PF_USER_WORKER | PF_KTHREAD))
            r->flags |= F_KERNEL;
        if (dead) {  // what wait() tells the parent: the group's word, or the leader's (before 5.19 the last thread sets no group word)
            u64 signal = K(u64, FROM(task), OFF_SIGNAL);
            u64 leader = K(u64, FROM(task), OFF_GROUP_LEADER);
            u32 code = K(u32, signal, OFF_SIGNAL_FLAGS) & SIGNAL_GROUP_EXIT ? K(u32, signal, OFF_GROUP_EXIT_CODE) : K(u32, leader, OFF_EXIT_CODE);
            r->args[5] = 1ull << 32 | code;
        }
        if (GET(c->kernfs))
            c->last_group = 0;
        SET(c->kernfs, 0);
        publish(c);
    }
    struct flight *f = flight_of((u64)tgid << 32 | tid, 0);
    if (f)
        land(g, f);
    // The process stays in the table: threads that began to end before it may be told after it. on_fork writes the
    // entry anew for whoever has the number next.
    return 0;
}

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
    r->key1 = base_key(c, g, task, REG_CWD, 0);
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

int on_uring(u64 *ctx) {  // io_uring_submit_req: counted by opcode, not decoded
#ifdef URING_OPCODE_AT
    u64 opcode = ctx[URING_OPCODE_AT];
#else
    u64 request = ctx[0], opcode = R(u8, request, OFF_URING_OPCODE);
#endif
    u32 i = bpf_get_smp_processor_id() * 128 + (opcode & 127);
    struct count *n = uring.lookup(&i);
    if (n)
        n->n++;
    return 0;
}
