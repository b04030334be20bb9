// The scheduler's events: fork and exit.

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
    if (GET(c->kernfs))
        walk_group(c);
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
            walk_group(c);
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
