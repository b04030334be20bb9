// This CPU's ring: claiming, publishing, and what is said of losses.

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
    c->special = head + 1;
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
