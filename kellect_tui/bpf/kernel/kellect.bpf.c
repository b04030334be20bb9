// The recorder: one fixed record (and its payload) per event, in a ring per CPU.
//
// One text for the compiler: text.py puts each part in the place of its #include, because BCC rewrites accesses to maps in the
// main file only. Parts that end in .h hold what several programs are made of, the others hold programs.
//
// Compiled by BCC without kernel headers. program.py puts in front of this text: offsets of kernel structures
// from the running kernel's BTF (OFF_*), sizes (N_*), and the numbers of sections, flags and event types, which
// Python owns. struct rec is checked against events/record.py's dtype when the program is loaded.
//
// Three chains of programs, one per tracepoint (a program array is tied to its tracepoint):
//   sys_enter  on_enter → early → early_walk           start time; what the call is about to change or remove
//   sys_exit   on_exit → exit_walk → step (↺) → argv   one record per call that is an event
//   sched      on_fork; on_exec → exec_walk; on_gone   the events that are no calls
//
// Rings: arrays of fixed slots and a payload heap beside them, both mapped by the reader. A program claims the
// next slot, fills it, puts path definitions in the slots after it, and publishes all of them by moving `head`.
// Before 7.0 the kernel runs all of this with preemption off. Since then a task may be taken off the CPU inside a
// program: `busy` keeps the others from this CPU's ring and scratch meanwhile, and their events are counted as lost.

#include "memory.h"
#include "records.h"
#include "maps.h"
#include "ring.h"
#include "payload.h"
#include "keys.h"
#include "walk.h"
#include "who.h"
#include "moves.h"
#include "flights.h"
#include "target.h"
#include "socket.h"
#include "enter.bpf.c"
#include "exit.bpf.c"
#include "sections.bpf.c"
#include "messages.bpf.c"
#include "argv.bpf.c"
#include "tasks.bpf.c"
#include "exec.bpf.c"
#include "uring.bpf.c"
