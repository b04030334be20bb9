"""What the compiler makes of the kernel program: instructions, maps, layouts; as bytes too, so that it can be kept.

BCC compiles, and makes maps of its own meanwhile, which are thrown away with it: a program that was just compiled and one from the
cache are loaded alike.
"""

from __future__ import annotations

import ctypes as ct
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from kellect_tui.bpf.syscall import MapShape, map_shape
from kellect_tui.errors import CannotTrace

INCLUDES = Path(__file__).parent
"""Its include/ stands in for the kernel headers."""

_INSTRUCTION = np.dtype([("code", "u1"), ("registers", "u1"), ("offset", "<i2"), ("imm", "<i4")])
_LOAD_64, _MAP_FD = 0x18, 1  # BPF_LD | BPF_DW | BPF_IMM; BPF_PSEUDO_MAP_FD
_CALL, _KERNEL_FUNCTION = 0x85, 2  # BPF_JMP | BPF_CALL; BPF_PSEUDO_KFUNC_CALL
CAST_CALL = 0x7FFFFF00
"""In the place of a helper's number: a call of bpf_rdonly_cast, which BCC knows nothing of."""
ORDERED_ADD = 0x7FFFFF01
"""Likewise: ``*(u64 *)r1 += r2`` by an atomic that fetches, which alone is ordered (BCC's compilers end the process over its result)."""
_ATOMIC_64, _FETCH_ADD, _R2_TO_R1 = 0xDB, 0x01, 0x21  # BPF_STX | BPF_ATOMIC | BPF_DW; BPF_ADD | BPF_FETCH; source and destination register
CFLAGS = ["-Wno-macro-redefined", "-Wno-unknown-warning-option", "-g0", "-Xclang", "-disable-llvm-passes"]
"""Without what is for debuggers, from which BCC makes BTF that nobody reads: a fifth of the compiler's time, for the same instructions.
Without clang's own passes, which are this machine's and not BPF's: BCC runs LLVM's again itself (`BPFModule::run_pass_manager`), and alone
they make programs as short that are verified as soon: another fifth."""
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Compiled:
    """A compiled program, bound to no map yet.

    Attributes:
        programs: Name → instructions; where one names a map, its immediate is the map's place in `maps`.
        maps: Name → shape.
        layouts: Map name → dtype of its values, as the compiler laid them out.
        facts: What else belongs to it (ids of tracepoints).
    """

    programs: Mapping[str, bytes]
    maps: Mapping[str, MapShape]
    layouts: Mapping[str, np.dtype[np.void]]
    facts: Mapping[str, Any]

    def bound(self, name: str, fds: Sequence[int]) -> NDArray[np.void]:
        """A program's instructions with the maps' descriptors in place."""
        code = np.frombuffer(self.programs[name], _INSTRUCTION).copy()
        at = _map_loads(code)
        code["imm"][at] = np.array(fds, np.int32)[code["imm"][at]]
        return code

    def to_bytes(self) -> bytes:
        """All of it; `from_bytes` gives an equal one back."""
        blob = b"".join(self.programs.values())
        head = {
            "programs": {name: len(code) for name, code in self.programs.items()},
            "maps": {name: asdict(shape) for name, shape in self.maps.items()},
            "layouts": {name: _spelled(layout) for name, layout in self.layouts.items()},
            "facts": dict(self.facts),
        }
        text = orjson.dumps(head)
        body = len(text).to_bytes(8, "little") + text + blob
        return hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Compiled:
        """What `to_bytes` wrote. Raises ValueError for anything else."""
        digest, body = data[:_DIGEST], data[_DIGEST:]
        if len(digest) != _DIGEST or hashlib.sha256(body).digest() != digest:
            raise ValueError("the bytes are not what was written")
        try:
            return cls._of_body(body)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("the bytes are of another version") from error

    @classmethod
    def _of_body(cls, body: bytes) -> Compiled:
        length = int.from_bytes(body[:8], "little")
        head, at, programs = orjson.loads(body[8 : 8 + length]), 8 + length, {}
        for name, size in head["programs"].items():
            programs[name] = body[at : at + size]
            at += size
        maps = {name: MapShape(**shape) for name, shape in head["maps"].items()}
        return cls(programs, maps, {name: _read(layout) for name, layout in head["layouts"].items()}, head["facts"])


def _spelled(layout: np.dtype[np.void]) -> dict[str, Any]:
    fields: Mapping[str, Any] = layout.fields or {}
    names = list(layout.names or ())
    formats = [(fields[name][0].base.str, fields[name][0].shape) for name in names]
    return {"names": names, "formats": formats, "offsets": [fields[name][1] for name in names], "itemsize": layout.itemsize}


def _read(spelled: Mapping[str, Any]) -> np.dtype[np.void]:
    return np.dtype({**spelled, "formats": [(base, tuple(shape)) for base, shape in spelled["formats"]]})  # type: ignore[call-overload, no-any-return]  # of a mapping, as numpy takes it


def _map_loads(code: NDArray[np.void]) -> NDArray[np.intp]:
    """Where instructions name a map."""
    return np.flatnonzero((code["code"] == _LOAD_64) & (code["registers"] >> 4 == _MAP_FD))


def dtype_of(leaf: type[ct.Structure]) -> np.dtype[np.void]:
    """The numpy dtype of a structure as the compiler laid it out."""
    names, formats, offsets = [], [], []
    for name, kind in leaf._fields_:  # type: ignore[misc]  # BCC makes two-tuples
        names.append(name)
        formats.append(np.dtype(kind))
        offsets.append(getattr(leaf, name).offset)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": ct.sizeof(leaf)})


def compile_program(text: str, programs: Sequence[str], maps: Sequence[str], layouts: Sequence[str], facts: Mapping[str, Any]) -> Compiled:
    """Compile with BCC. Raises CannotTrace.

    Args:
        text: The source. programs, maps: what to take from it. layouts: maps whose values' layout is wanted.
        facts: Kept beside; `cast`: id of bpf_rdonly_cast.
    """
    os.environ["BCC_KERNEL_SOURCE"] = str(INCLUDES)
    try:
        from bcc import BPF
        from bcc.libbcc import lib
    except ImportError as error:
        raise CannotTrace("BCC's Python module is missing", "run `apt install python3-bpfcc` (Debian, Ubuntu) or `dnf install python3-bcc` (Fedora)") from error
    try:
        made = BPF(text=text.encode(), cflags=CFLAGS)
    except Exception as error:  # BCC raises bare Exception, whatever went wrong
        if os.geteuid() != 0:
            raise CannotTrace("tracing needs root", "run `sudo kellect-tui`") from error
        raise CannotTrace(f"BCC could not build the probes: {error}", "`kellect-tui doctor` shows what this machine lacks") from error
    try:
        fds = {name: int(lib.bpf_table_fd(made.module, name.encode())) for name in maps}
        places = {fd: place for place, fd in enumerate(fds.values())}
        code = {name: _unbound(_code(lib, made.module, name), places, facts.get("cast", 0)) for name in programs}
        shapes = {name: map_shape(fd) for name, fd in fds.items()}
        return Compiled(code, shapes, {name: dtype_of(made[name.encode()].Leaf) for name in layouts}, dict(facts))
    finally:
        made.cleanup()


def _code(lib: Any, module: Any, name: str) -> NDArray[np.void]:
    start, size = lib.bpf_function_start(module, name.encode()), lib.bpf_function_size(module, name.encode())
    return np.frombuffer(ct.string_at(start, size), _INSTRUCTION).copy()


def _unbound(code: NDArray[np.void], places: Mapping[int, int], cast: int) -> bytes:
    casts = np.flatnonzero((code["code"] == _CALL) & (code["imm"] == CAST_CALL))
    code["registers"][casts], code["imm"][casts] = _KERNEL_FUNCTION << 4, cast
    adds = np.flatnonzero((code["code"] == _CALL) & (code["imm"] == ORDERED_ADD))  # a call may change r2, too
    code["code"][adds], code["registers"][adds], code["imm"][adds] = _ATOMIC_64, _R2_TO_R1, _FETCH_ADD
    at = _map_loads(code)
    code["imm"][at] = [places[fd] for fd in code["imm"][at].tolist()]
    return code.tobytes()
