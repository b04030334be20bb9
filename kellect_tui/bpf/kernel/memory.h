// How the kernel's and the program's memory is read: helpers, loads through typed pointers, and what keeps compiler and verifier in step.

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
// cast_to(): a typed pointer from a number (bpf_rdonly_cast, 6.2). compiled.py puts the kernel function's id in the place of
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
