"""A task's ids, and what the calls that set them make of them (setuid(2), setreuid(2), setresuid(2))."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.oracle.strace import Call


@dataclass(frozen=True, slots=True)
class Ids:
    """Real, effective and saved ids."""

    ruid: int
    euid: int
    suid: int
    rgid: int
    egid: int
    sgid: int

    @staticmethod
    def own() -> Ids:
        """Of the test."""
        return Ids(*os.getresuid(), *os.getresgid())


def after(call: Call, ids: Ids | None) -> Ids | None:
    """The ids of a task after its call."""
    return _CALLS[call.name](call, ids) if ids is not None and call.result == 0 and call.name in _CALLS else ids


def _changed(before: int, wanted: int) -> int:
    return before if wanted == -1 else wanted


def _set(what: str) -> Callable[[Call, Ids], Ids]:
    def effect(call: Call, ids: Ids) -> Ids:
        new = call.values[0]
        everything = {f"r{what}": new, f"s{what}": new} if ids.euid == 0 else {}
        return replace(ids, **{f"e{what}": new}, **everything)

    return effect


def _setre(what: str) -> Callable[[Call, Ids], Ids]:
    def effect(call: Call, ids: Ids) -> Ids:
        real, effective = call.values
        before = getattr(ids, f"r{what}")
        new: dict[str, int] = {f"r{what}": _changed(before, real), f"e{what}": _changed(getattr(ids, f"e{what}"), effective)}
        if real != -1 or (effective != -1 and effective != before):
            new[f"s{what}"] = new[f"e{what}"]
        return replace(ids, **new)

    return effect


def _setres(what: str) -> Callable[[Call, Ids], Ids]:
    def effect(call: Call, ids: Ids) -> Ids:
        names = (f"r{what}", f"e{what}", f"s{what}")
        return replace(ids, **{name: _changed(getattr(ids, name), wanted) for name, wanted in zip(names, call.values, strict=True)})

    return effect


_CALLS: dict[str, Callable[[Call, Ids], Ids]] = {
    "setuid": _set("uid"), "setgid": _set("gid"), "setreuid": _setre("uid"), "setregid": _setre("gid"),
    "setresuid": _setres("uid"), "setresgid": _setres("gid"),
}  # fmt: skip
