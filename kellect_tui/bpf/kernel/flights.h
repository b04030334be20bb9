// Calls under way, from sys_enter to sys_exit.

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
