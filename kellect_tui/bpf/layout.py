"""Which kernel structure members the program needs, by the name of their macro in kernel/.

A member that comes and goes between kernels has its alternatives here, newest first; an optional one is simply not
defined, and the program does without (`#ifdef`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kellect_tui.bpf.btf import Btf
from kellect_tui.errors import CannotTrace

MEMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "COMM": ("task_struct.comm",), "TGID": ("task_struct.tgid",), "PID": ("task_struct.pid",), "REAL_PARENT": ("task_struct.real_parent",),
    "CRED": ("task_struct.cred",), "FILES": ("task_struct.files",), "FS": ("task_struct.fs",), "MM": ("task_struct.mm",),
    "EXIT_CODE": ("task_struct.exit_code",), "SIGNAL": ("task_struct.signal",), "PRIO": ("task_struct.prio",), "LIVE": ("signal_struct.live",),
    "TASK_FLAGS": ("task_struct.flags",), "GROUP_LEADER": ("task_struct.group_leader",), "SIGNAL_FLAGS": ("signal_struct.flags",),
    "GROUP_EXIT_CODE": ("signal_struct.group_exit_code",),
    "START_BOOTTIME": ("task_struct.start_boottime",), "THREAD_PID": ("task_struct.thread_pid",), "PID_LINKS": ("task_struct.pid_links",),
    "UID": ("cred.uid",), "EUID": ("cred.euid",), "SUID": ("cred.suid",), "GID": ("cred.gid",), "EGID": ("cred.egid",), "SGID": ("cred.sgid",),
    "FDT": ("files_struct.fdt",), "FD": ("fdtable.fd",), "MAX_FDS": ("fdtable.max_fds",),
    "F_PATH": ("file.f_path",), "F_INODE": ("file.f_inode",), "F_MODE": ("file.f_mode",), "F_PRIVATE": ("file.private_data",),
    "D_PPREV": ("dentry.d_hash.pprev",), "D_PARENT": ("dentry.d_parent",), "D_NAME": ("dentry.d_name",), "D_INODE": ("dentry.d_inode",), "D_SB": ("dentry.d_sb",),
    "MNT": ("mount.mnt",), "MNT_PARENT": ("mount.mnt_parent",), "MNT_ROOT": ("vfsmount.mnt_root",),
    "I_MODE": ("inode.i_mode",), "I_UID": ("inode.i_uid",), "I_INO": ("inode.i_ino",), "I_SB": ("inode.i_sb",), "I_PRIVATE": ("inode.i_private",), "S_MAGIC": ("super_block.s_magic",),
    "NS_OPS": ("ns_common.ops",), "PWD": ("fs_struct.pwd",), "ROOT": ("fs_struct.root",),
    "BPRM_FILENAME": ("linux_binprm.filename",), "BPRM_INTERP": ("linux_binprm.interp",),
    "ARG_START": ("mm_struct.arg_start",), "ARG_END": ("mm_struct.arg_end",), "EXE_FILE": ("mm_struct.exe_file",),
    "PID_LEVEL": ("pid.level",), "PID_NUMBERS": ("pid.numbers",), "PID_TASKS": ("pid.tasks",), "UPID_NS": ("upid.ns",),
    "PIDNS_XA_HEAD": ("pid_namespace.idr.idr_rt.xa_head",), "PIDNS_BASE": ("pid_namespace.idr.idr_base",),
    "XA_SHIFT": ("xa_node.shift",), "XA_SLOTS": ("xa_node.slots",),
    "SK": ("socket.sk",), "SK_FAMILY": ("sock.__sk_common.skc_family",), "SK_STATE": ("sock.__sk_common.skc_state",), "SK_DPORT": ("sock.__sk_common.skc_dport",),
    "SK_DADDR": ("sock.__sk_common.skc_daddr",), "SK_RCV_SADDR": ("sock.__sk_common.skc_rcv_saddr",), "SK_V6_DADDR": ("sock.__sk_common.skc_v6_daddr",),
    "SK_V6_RCV_SADDR": ("sock.__sk_common.skc_v6_rcv_saddr",), "SK_BOUND_IF": ("sock.__sk_common.skc_bound_dev_if",),
    "SK_TYPE": ("sock.sk_type",), "SK_PROTOCOL": ("sock.sk_protocol",), "INET_SPORT": ("inet_sock.inet_sport",), "INET_SADDR": ("inet_sock.inet_saddr",),
    "PINET6": ("inet_sock.pinet6",), "NP_SADDR": ("ipv6_pinfo.saddr",),
    "NL_PORTID": ("netlink_sock.portid",), "NL_DST_PORTID": ("netlink_sock.dst_portid",),
    "NL_GROUPS": ("netlink_sock.groups",), "NL_DST_GROUP": ("netlink_sock.dst_group",),
    "UNIX_ADDR": ("unix_sock.addr",), "UNIX_PEER": ("unix_sock.peer",), "UA_LEN": ("unix_address.len",), "UA_NAME": ("unix_address.name",),
    "KN_PARENT": ("kernfs_node.__parent", "kernfs_node.parent"), "KN_NAME": ("kernfs_node.name",),
})  # fmt: skip

OPTIONAL: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "LOGINUID": ("task_struct.loginuid",), "STATUS": ("task_struct.thread_info.status",),
    "PROC_PID": ("proc_inode.pid",), "PROC_INODE": ("proc_inode.vfs_inode",),
    "PENDING": ("task_struct.pending.signal",), "NSPROXY": ("task_struct.nsproxy",), "BPRM_FDPATH": ("linux_binprm.fdpath",),
    "CGROUPS": ("task_struct.cgroups",), "DFL_CGRP": ("css_set.dfl_cgrp",), "CGRP_KN": ("cgroup.kn",), "KN_ID": ("kernfs_node.id",), "URING_OPCODE": ("io_kiocb.opcode",),
})  # fmt: skip

REGISTERS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "x86_64": {"NR": "orig_ax", "A0": "di", "A1": "si", "A2": "dx", "A3": "r10", "A4": "r8", "A5": "r9", "I386_A0": "bx", "I386_A4": "di"},
    "aarch64": {"NR": "syscallno", "A0": "orig_x0", "A1": "regs+8", "A2": "regs+16", "A3": "regs+24", "A4": "regs+32", "A5": "regs+40"},
})  # fmt: skip

STAT_OFFSETS: Mapping[str, Mapping[str, int]] = MappingProxyType({
    "x86_64": {"STAT_MODE": 24, "STAT_UID": 28, "STAT_GID": 32},
    "aarch64": {"STAT_MODE": 16, "STAT_UID": 24, "STAT_GID": 28},
})  # fmt: skip
"""Of struct stat; st_ino is at 8 and st_size at 48 in both (arch/*/include/uapi/asm/stat.h)."""

URING_TRACEPOINTS = ("io_uring_submit_req", "io_uring_submit_sqe")
"""Its name since 6.4, and before."""
TRACEPOINTS = ("sys_enter", "sys_exit", "sched_process_fork", "sched_process_exec", "sched_process_exit", *URING_TRACEPOINTS)


def structs() -> set[str]:
    """Names of all structures that hold a member above."""
    return {path.partition(".")[0] for paths in (*MEMBERS.values(), *OPTIONAL.values()) for path in paths} | {"pt_regs", "upid"}


def defines(btf: Btf, machine: str) -> dict[str, int]:
    """Macro name → value for the running kernel. Raises CannotTrace where a structure is not as the program needs it."""
    if machine not in REGISTERS:
        raise CannotTrace(f"{machine} is not supported", "kellect-tui traces x86_64 and aarch64 kernels")
    values: dict[str, int] = {}
    for name, paths in MEMBERS.items():
        found = _first(btf, paths)
        if found is None:
            raise CannotTrace(f"this kernel's type information has no {paths[0]}", "a kernel 5.8 or later is needed; please report this kernel's version")
        values[f"OFF_{name}"] = found
    for name, paths in OPTIONAL.items():
        found = _first(btf, paths)
        if found is not None:
            values[f"OFF_{name}"] = found
    for name, register in REGISTERS[machine].items():
        member, _plus, extra = register.partition("+")
        values[f"OFF_{name}"] = btf.offset("pt_regs", member) + int(extra or 0)
    values |= STAT_OFFSETS[machine]
    values["SIZE_UPID"] = btf.size("upid")
    values["DENT_SPAN"] = _dentry_span(values)
    values["FILE_FROM"], values["FILE_SPAN"] = _file_span(values)
    values["INODE_SPAN"] = (max(values["OFF_I_MODE"] + 2, values["OFF_I_UID"] + 4, values["OFF_I_INO"] + 8) + 7) & ~7  # i_uid moved in 7.3
    if values["INODE_SPAN"] > 128 or btf.offset("mount", "mnt_mountpoint") != values["OFF_MNT_PARENT"] + 8:
        raise CannotTrace("this kernel lays out struct inode or struct mount in an unknown way", "please report this kernel's version")
    return values


def uring(btf: Btf, has_request: bool) -> tuple[str, dict[str, int]]:
    """(tracepoint of a submitted io_uring operation, macros that say where its opcode is); an empty name where there is none.

    The request itself is the first argument since 5.19; before, the opcode was an argument: the second, from 5.13 on the
    third (include/trace/events/io_uring.h; typed ones have a data pointer in front).
    """
    name = next((name for name in URING_TRACEPOINTS if btf.typedef(f"btf_trace_{name}")), "")
    places = {2: None, 3: None, 6: 1, 7: 1, 8: 2}
    count = btf.parameters(f"btf_trace_{name}") if name else 0
    place = places.get(count)
    if place is not None:
        return name, {"URING_OPCODE_AT": place}
    return (name, {}) if count in places and has_request else ("", {})


def _first(btf: Btf, paths: tuple[str, ...]) -> int | None:
    for path in paths:
        struct_name, _dot, member = path.partition(".")
        try:
            return btf.offset(struct_name, member)
        except KeyError:
            continue
    return None


def _dentry_span(values: Mapping[str, int]) -> int:
    first = values["OFF_D_PPREV"]
    span = max(values["OFF_D_NAME"] + 16, values["OFF_D_INODE"] + 8) - first
    if not 0 < span <= 64 or min(values["OFF_D_PARENT"], values["OFF_D_NAME"], values["OFF_D_INODE"]) < first:
        raise CannotTrace("this kernel lays out struct dentry in an unknown way", "please report this kernel's version")
    return span


def _file_span(values: Mapping[str, int]) -> tuple[int, int]:
    """First byte and length (a multiple of 8) of the part of struct file that holds what the program reads of it."""
    first = min(values["OFF_F_MODE"], values["OFF_F_INODE"], values["OFF_F_PATH"]) & ~7
    span = (max(values["OFF_F_MODE"] + 4, values["OFF_F_INODE"] + 8, values["OFF_F_PATH"] + 16) - first + 7) & ~7
    if span > 160:
        raise CannotTrace("this kernel lays out struct file in an unknown way", "please report this kernel's version")
    return first, span
