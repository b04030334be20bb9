// This CPU's payload heap: path definitions, and the sections of an event's payload.

enum { NO_SECTION = -1 };  // in the place of a section's length

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

// One section: header at p, data behind it, zero bytes up to a multiple of 8. Moves the cursor.
static __always_inline void section(struct ctl *c, struct rec *r, u8 *p, u32 kind, u32 reg, u32 marks, u64 length) {
    *(u32 *)p = kind | reg << 8 | marks << 16;
    *(u32 *)(p + 4) = (u32)length;
    u64 next = c->cursor + ((length + 15) & ~7ull);
    c->cursor = next;
    c->heap = next;
    r->payload_len = (u32)(next - r->payload_at);
}
