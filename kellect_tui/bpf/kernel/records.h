// What lies in the maps, and the limits and bits that it is made of.

#define CHUNK 262144u     // one element of the payload heap
#define PAY_EVENT 16384u  // payload limit of one event
#define PAY_PATH 4608u    // payload limit of one path definition
#define SEC_MAX 4128u     // largest section but argv
#define ARGV_MAX 8192u
#define RESERVE 8u        // slots that one event may take: a gap record, itself, its path definitions
#define MOVE_NS 20000000u // a call that moves names is done in this time; one that hangs must not have every path sent for ever
// Loops are cut into turns (a tail call each, of which the kernel allows 33), because the verifier walks through every pass
// of a turn: it decides how long the start takes.
#define ARGV_TURN 256     // strings of a failed exec in one turn; 16 turns reach 4096 empty ones
#define ARGV_TURNS 16
#define VECTORS 80        // messages and their vectors, together, that are added up in one turn
#define VECTOR_TURNS 4
#define COMPONENTS 160    // path components in one turn of a walker; 13 turns reach 4095 bytes of one-letter names
#define WALK_TURNS 14

enum { LOOKING = 3, WALKING = 2 };  // beside 1 in ctl.busy: what a program of sys_enter is at; 1: an event is being written
enum { GAP = 250, PATHDEF = 251, CGROUPDEF = 252 };  // records between the program and the reader only
enum { HIDDEN_FAMILY = 4, FAMILIES = 6 };
enum { LOSSES = 0x8000 };  // beside an event's type: its record says what was lost before it, where no gap record is needed for that
// Beside a family's number: an event of a type that is lost first. It may not take the last eighth of the slots nor
// the last half of the payload heap: those are for the others.
enum { ROUTINE = 8 };
#define FOR_ROUTINE (N_SLOT - N_SLOT / 8)
#define HEAP_FOR_ROUTINE ((u64)N_CHUNK * CHUNK / 2)
enum { PIDFD_SELF_THREAD = -10000, PIDFD_SELF_PROCESS = -10001, PIDFD_SELF_PROCESS_BEFORE = -20000, PIDFD_SIGNAL_PROCESS_GROUP = 4 };  // include/uapi/linux/fcntl.h; 6.15, 6.16; pidfd.h
// pid table bits
enum { PF_IO_WORKER = 0x10, PF_USER_WORKER = 0x4000, PF_KTHREAD = 0x200000, SIGNAL_GROUP_EXIT = 4 };  // include/linux/sched.h, sched/signal.h
enum { P_SELF = 1, P_SCREEN = 2, P_CHOSEN = 4, P_TREE = 8, P_ON_EXEC = 16, P_ENDED = 32 };
enum { M_PID = 1, M_TREE = 2, M_COMM = 4, M_UID = 8 };
// descriptor flags
enum { D_EARLY = 1, D_CWD_OBJECT = 2, D_MOVES = 4, D_OLD_IDS = 8, D_ADDRLEN = 16, D_TARGET = 32, D_EXEC = 64,
       D_MSG_NAME = 128, D_CLONE = 256, D_IO = 512, D_OUT = 1024, D_PIDFD = 2048 };
enum { NOTHING = 255, REG_RESULT = 6, REG_CWD = 8 };
enum { I386_EXECVE = 11, I386_EXECVEAT = 358, AT_EXECVE_CHECK = 0x10000 };  // include/uapi/linux/fcntl.h
// sections that differ in how they are read, not in what they hold
enum { S_MESSAGES = 20, S_STATX = 21 };
// path definition bits
enum { PATH_UNLINKED = 1, PATH_PSEUDO = 2, PATH_UNREACHABLE = 4, PATH_CUT = 8 };
// in-flight bits
enum { IN_NO_OBJECT = 1, IN_I386 = 2, IN_MOVE = 4 };

struct rec {
    u64 seq, time, duration; s64 result;
    u64 args[6];
    char comm[16]; u64 cgroup;
    u32 pid, tid, ppid, uid, gid, ruid, auid, who_pad;
    u64 key0, key1, inode;
    u32 file_uid; u16 file_mode, what_pad;
    u64 payload_at; u32 payload_len, flags;
    u16 event, syscall, cpu, record_pad;
};
struct desc {  // one per system call number; event and other 0: not an event
    u16 event, other;            // the condition holds, does not
    u8 family, other_family;     // with ROUTINE
    u8 sections, registers;
    u8 condition, condition_reg; // 0 none, 1 any of these bits, 2 one of two values, 3 bits of open_how.flags
    u8 object, object_failed, base, base2, name, name2;
    u32 flags, pad;
    u64 condition_value;
    u8 kind[4], reg[4];
};
struct pending { u64 key, dentry, mnt; };
struct ctl {
    u64 head, seq, busy, heap;                    // producer
    u64 used, cursor, slot, event_at;             // slots used beside head's; write position in the heap; event's slot
    u64 a[6], d[5];                               // registers; what sys_enter kept
    u64 off, dentry, mnt, root, rdentry, rmnt, nr, turn, address_length, step;
    u64 pending; struct pending wait[4];          // paths to be sent
    u64 kernfs, group, group_key, last_group, gap, before, sent[4];  // before: what the next event's record says was lost
    u64 sum, bad, moved, time, message, vector, vectors, vectors_at, messages, messages_at, many, finished;
    s64 messages_done; u64 routine, number[4];       // a typed pointer that was stored here is read back as a number
    u64 tail, heap_tail, pad1[6];                 // consumer, a cache line of its own
    u64 lost[FAMILIES], left_out, no_payload;
    u64 told[FAMILIES];                           // of `lost`, up to the newest gap
    u64 special, pad2;                            // position behind the newest slot that is no event or tells of a loss
};
struct cfg {
    u64 events;                                   // bit n: type n is asked for
    u64 mode, generation, reader_generation;
    u64 movers, moved;                            // calls under way that move names; when the last of them began
    u64 comm[2 * N_COMM], comm_mask[2 * N_COMM];  // BCC describes nested arrays wrongly
    u32 uid[N_UID]; u32 uids, comms;
};
struct flight { u64 id, time; u32 nr, flags; u64 d[4], seal; };  // seal: of id and d, where the end of the call reads d
struct pidset { u8 in[64]; };  // one byte per pid: a store needs no atomic, a lookup is inlined
struct chunk { u8 b[CHUNK]; };
struct count { u64 n; };
