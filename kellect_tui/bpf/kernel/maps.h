// The maps, and the elements of them that every program looks up.

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

static __always_inline u64 reg_of(struct ctl *c, u64 i) {
    opaque(i);
    i &= 7;
    return i < 6 ? c->a[i] : 0;
}
