"""Compiles in a process of its own, where BCC may change the working directory, write to the terminal and take 100 MiB.

`compile_apart` starts this file as a program, hands the job over on its standard input and takes the result from its output.
"""

from __future__ import annotations

import ctypes as ct
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kellect_tui.bpf.compiled import Compiled

_FAILED = 3
"""The exit status beside which the output is an error as JSON."""
_SAID = 400
"""Characters of what BCC wrote that an error repeats."""
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 0x1000, 0x4000, 1 << 18  # include/uapi/linux/sched.h, mount.h


def compile_apart(text: str, programs: Sequence[str], maps: Sequence[str], layouts: Sequence[str], facts: Mapping[str, Any]) -> Compiled:
    """As `compiled.compile_program` does, elsewhere. Raises CannotTrace."""
    from kellect_tui.bpf.compiled import Compiled
    from kellect_tui.errors import CannotTrace

    job = json.dumps({"path": sys.path, "arguments": [text, programs, maps, layouts, facts]}).encode()
    done = subprocess.run([sys.executable, "-I", __file__], input=job, capture_output=True, check=False)
    if done.returncode == 0:
        return Compiled.from_bytes(done.stdout)
    said = " | ".join(done.stderr.decode(errors="replace").split("\n")).strip(" |")[-_SAID:]
    if done.returncode == _FAILED:
        message, remedy = json.loads(done.stdout)
        raise CannotTrace(f"{message}: {said}" if said else message, remedy)
    raise CannotTrace(f"the compiler ended with status {done.returncode}: {said}", "`kellect-tui doctor` shows what this machine lacks")


def hide_symbols() -> None:
    """Let /proc/kallsyms be empty for this process, in a mount namespace of its own.

    BCC reads all of it for the name of a helper that our source does not call (`check_bpf_probe_read_kernel` in its
    b_frontend_action.cc): 0.17 s for 120,000 symbols. Where mounting is not allowed it stays as it is.
    """
    libc = ct.CDLL(None)
    if libc.unshare(_CLONE_NEWNS) == 0 and libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0:
        libc.mount(b"/dev/null", b"/proc/kallsyms", None, _MS_BIND, None)


def _serve() -> None:
    """Take a job, give the result. Whatever BCC prints goes to standard error."""
    out = os.dup(1)
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    hide_symbols()
    sys.path[:] = job["path"]
    from kellect_tui import starting  # noqa: F401
    from kellect_tui.bpf.compiled import compile_program
    from kellect_tui.errors import CannotTrace

    with os.fdopen(out, "wb") as answer:
        try:
            answer.write(compile_program(*job["arguments"]).to_bytes())
        except CannotTrace as error:
            answer.write(json.dumps([error.message, error.remedy]).encode())
            answer.flush()
            sys.exit(_FAILED)


if __name__ == "__main__":
    _serve()
