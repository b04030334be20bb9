"""user.*: what the contract says of each call."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracle.row import Row


def _ids(kind: str, *names: str) -> Callable[[Row], tuple[str, Row]]:
    def expect(row: Row) -> tuple[str, Row]:
        row.put(**dict(zip(names, row.call.values, strict=True)))
        ids = row.task.ids
        if ids is not None:  # setuid tells the effective one
            row.put(**{f"old_{name}": getattr(ids, name if len(name) == 4 else f"e{name}") for name in names})
        return kind, row

    return expect


USER_CALLS: dict[str, Callable[[Row], tuple[str, Row]]] = {
    "setuid": _ids("user.setuid", "uid"), "setgid": _ids("user.setgid", "gid"),
    "setreuid": _ids("user.setreuid", "ruid", "euid"), "setregid": _ids("user.setregid", "rgid", "egid"),
    "setresuid": _ids("user.setresuid", "ruid", "euid", "suid"), "setresgid": _ids("user.setresgid", "rgid", "egid", "sgid"),
}  # fmt: skip
