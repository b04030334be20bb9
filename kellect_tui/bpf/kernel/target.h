// A signal's target.

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
static __always_inline void target(u64 *out, struct desc *d, u64 task, u64 passed, u64 flags) {
    u64 pid = 0, group = 0;
    s32 number = (s32)passed;
    if (d->flags & D_PIDFD) {
        u64 file = file_of(task, (u32)passed);
        group = flags & PIDFD_SIGNAL_PROCESS_GROUP;
        if (number == PIDFD_SELF_THREAD) {
            pid = R(u64, task, OFF_THREAD_PID);
        } else if (number == PIDFD_SELF_PROCESS || number == PIDFD_SELF_PROCESS_BEFORE) {
            u64 leader = R(u64, task, OFF_GROUP_LEADER);
            pid = R(u64, leader, OFF_THREAD_PID);
        } else if (file) {
            u64 inode = R(u64, file, OFF_F_INODE);
            u64 sb = R(u64, inode, OFF_I_SB);
            u64 magic = R(u64, sb, OFF_S_MAGIC);
            // pidfs (6.9) or, before, an anonymous inode: its private data is the struct pid
            if (magic == 0x50494446)
                pid = R(u64, inode, OFF_I_PRIVATE);
            else if (magic == 0x09041934)
                pid = R(u64, file, OFF_F_PRIVATE);
#ifdef OFF_PROC_PID
            else if (magic == 0x9fa0)  // a directory /proc/PID does as well
                pid = R(u64, inode - OFF_PROC_INODE, OFF_PROC_PID);
#endif
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
    if (!link || group)
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
