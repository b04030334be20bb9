"""Offsets of kernel structures from the running kernel's BTF; knows nothing of events.

Source of the format: the kernel's Documentation/bpf/btf.rst. One linear walk over the type section finds the
structures and typedefs asked for; only those are decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from kellect_tui.errors import CannotTrace

VMLINUX = Path("/sys/kernel/btf/vmlinux")

_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT = 1, 2, 3, 4, 5, 6, 8, 9, 10, 11
_FUNC, _FUNC_PROTO, _VAR, _DATASEC, _DECL_TAG, _TYPE_TAG, _ENUM64 = 12, 13, 14, 15, 17, 18, 19
_FIXED = {_INT: 4, _ARRAY: 12, _VAR: 4, _DECL_TAG: 4}
_PER_MEMBER = {_STRUCT: 12, _UNION: 12, _ENUM: 8, _FUNC_PROTO: 8, _DATASEC: 12, _ENUM64: 12}
_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")


class Btf:
    """The types of a kernel, as far as they were asked for.

    Args:
        structs: Names of structures whose members will be asked for. One that the kernel lacks is simply absent.
        typedefs: Names of typedefs (``btf_trace_sys_enter``) whose ids will be asked for.
        functions: Names of functions whose ids will be asked for.
        path: Where the kernel shows its BTF.

    Raises:
        CannotTrace: there is no BTF, or it cannot be read.
    """

    def __init__(self, structs: Iterable[str], typedefs: Iterable[str] = (), path: Path = VMLINUX, *, functions: Iterable[str] = ()) -> None:
        try:
            self._data = data = path.read_bytes()
            magic, _version, _flags, header, types, types_len, strings, strings_len = _HEADER.unpack_from(data)
        except (OSError, struct.error) as error:
            raise CannotTrace(f"the kernel shows no type information ({path})", "a kernel 5.8 or later with CONFIG_DEBUG_INFO_BTF=y is needed") from error
        if magic != 0xEB9F:
            raise CannotTrace(f"{path} is no BTF", "a kernel 5.8 or later with CONFIG_DEBUG_INFO_BTF=y is needed")
        self._strings = header + strings
        wanted = dict(self._name_offsets(structs, _STRUCT, strings_len)) | dict(self._name_offsets(typedefs, _TYPEDEF, strings_len))
        wanted |= dict(self._name_offsets(functions, _FUNC, strings_len))
        self._found: dict[tuple[str, int], int] = {}
        self._where = self._walk(header + types, header + types + types_len, wanted)

    def _name_offsets(self, names: Iterable[str], kind: int, length: int) -> Iterator[tuple[tuple[int, int], str]]:
        for name in names:
            at = self._data.find(b"\0" + name.encode() + b"\0", self._strings, self._strings + length)
            if at >= 0:
                yield (at + 1 - self._strings, kind), name

    def _walk(self, position: int, end: int, wanted: dict[tuple[int, int], str]) -> list[int]:
        data, unpack, where = self._data, _TYPE.unpack_from, [0]
        step = [12 + _FIXED.get(kind, 0) for kind in range(32)]
        each = [_PER_MEMBER.get(kind, 0) for kind in range(32)]
        names = {offset for offset, _kind in wanted}
        append = where.append
        while position < end:
            name, info, _size = unpack(data, position)
            kind = info >> 24 & 31
            append(position)
            if name in names and (name, kind) in wanted:
                self._found.setdefault((wanted[name, kind], kind), len(where) - 1)
            position += step[kind] + each[kind] * (info & 0xFFFF)
        return where

    def __contains__(self, struct_name: str) -> bool:
        return (struct_name, _STRUCT) in self._found

    def typedef(self, name: str) -> int:
        """Type id of a typedef; 0 where the kernel lacks it."""
        return self._found.get((name, _TYPEDEF), 0)

    def structure(self, name: str) -> int:
        """Type id of a structure. Raises KeyError where the kernel has no such."""
        return self._found[name, _STRUCT]

    def function(self, name: str) -> int:
        """Type id of a function; 0 where the kernel lacks it."""
        return self._found.get((name, _FUNC), 0)

    def parameters(self, typedef: str) -> int:
        """How many parameters a ``btf_trace_*`` typedef's function has (the tracepoint's data pointer included); 0: unknown."""
        target = self.typedef(typedef)
        for _hop in range(8):
            if not target:
                return 0
            _name, info, next_id = _TYPE.unpack_from(self._data, self._where[target])
            if info >> 24 & 31 == _FUNC_PROTO:
                return int(info & 0xFFFF)
            target = next_id
        return 0

    def offset(self, struct_name: str, member: str) -> int:
        """Byte offset of a member; ``member`` may be dotted, and members of anonymous structs and unions are found.

        Raises KeyError where the kernel has no such member.
        """
        type_id, total = self._found[struct_name, _STRUCT], 0
        for part in member.split("."):
            type_id, _kind = self._resolve(type_id)
            found = self._member(type_id, part)
            if found is None:
                raise KeyError(f"{struct_name}.{member}")
            total, type_id = total + found[0], found[1]
        return total

    def size(self, struct_name: str) -> int:
        """Size of a structure in bytes."""
        size: int = _TYPE.unpack_from(self._data, self._where[self._found[struct_name, _STRUCT]])[2]
        return size

    def _resolve(self, type_id: int) -> tuple[int, int]:
        while True:
            _name, info, target = _TYPE.unpack_from(self._data, self._where[type_id])
            kind = info >> 24 & 31
            if kind not in (_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG):
                return type_id, kind
            type_id = target

    def _member(self, type_id: int, name: str) -> tuple[int, int] | None:
        position = self._where[type_id]
        _name, info, _size = _TYPE.unpack_from(self._data, position)
        for index in range(info & 0xFFFF):
            text, target, bits = _TYPE.unpack_from(self._data, position + 12 + 12 * index)
            offset = (bits & 0xFFFFFF if info >> 31 else bits) // 8
            if text:
                if self._text(text) == name:
                    return offset, target
                continue
            inner, kind = self._resolve(target)
            if kind in (_STRUCT, _UNION) and (found := self._member(inner, name)):
                return offset + found[0], found[1]
        return None

    def _text(self, offset: int) -> str:
        start = self._strings + offset
        return self._data[start : self._data.index(b"\0", start)].decode(errors="replace")
