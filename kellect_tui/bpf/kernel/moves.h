// Calls that move names: after one, every path is sent again on its next use.

// Whether this call moves names: rename always, unlinkat where it removes a directory (its flags are in register 2).
static __always_inline int moves(struct desc *d, u64 regs) {
    return !d->condition || K(u64, regs, OFF_A2) & d->condition_value;
}

// 32-bit calls that move names, counted only otherwise (arch/x86/entry/syscalls/syscall_32.tbl): rename, rmdir, mount, umount,
// chroot, umount2, pivot_root, unlinkat, renameat, unshare, setns, renameat2, open_tree, move_mount, fsmount, open_tree_attr.
static __always_inline int i386_moves(u32 nr) {
    return nr == 38 || nr == 40 || nr == 21 || nr == 22 || nr == 61 || nr == 52 || nr == 217 || nr == 301 || nr == 302 || nr == 310 || nr == 346 || nr == 353 ||
           nr == 428 || nr == 429 || nr == 432 || nr == 467;
}

static __always_inline void new_generation(void) {
    struct cfg *g = my_cfg();
    if (g)
        __sync_fetch_and_add(&g->generation, 1);
}
