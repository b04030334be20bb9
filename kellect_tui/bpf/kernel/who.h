// Whom an event is of: the capture filter, and the record's columns about its thread.

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
