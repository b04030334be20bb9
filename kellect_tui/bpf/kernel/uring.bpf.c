// io_uring: its operations are counted.

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
