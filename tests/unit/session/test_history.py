"""What a process ran at which time."""

from __future__ import annotations

from kellect_tui.session.history import program_at, programs
from kellect_tui.session.process import Process
from kellect_tui.session.processes import Processes
from kellect_tui.session.procfs import ProcessSeed

EPOCH = 1_700_000_000_000_000_000


def table() -> Processes:
    """bash (seeded) forks 60 at 1, which becomes sh at 2 and cc1 at 4; 60 forks 61 at 3, which forks 62 at 5."""
    out = Processes()
    out.epoch_offset_ns = EPOCH
    out.seed([ProcessSeed(pid=50, ppid=1, start_ns=10, comm=b"bash", argv=(b"-bash",), path=b"/bin/bash", cwd=b"/home")])
    fork(out, 50, 60, 1)
    execute(out, 60, 1, 2, "sh")
    fork(out, 60, 61, 3)
    execute(out, 60, 1, 4, "cc1")
    fork(out, 61, 62, 5)
    return out


def fork(table: Processes, pid: int, child: int, at: int) -> None:
    table.fork(time_ns=EPOCH + at, pid=pid, child_pid=child, child_tid=child, parent_pid=pid, start_ns=at)


def execute(table: Processes, pid: int, start: int, at: int, name: str) -> None:
    table.exec(time_ns=EPOCH + at, pid=pid, start_ns=start, comm=name.encode(), argv=(name, "-x"), path=f"/bin/{name}")


def at(table: Processes, pid: int) -> Process:
    found = table.by_pid(pid)
    assert found is not None
    return found


def test_the_first_program_is_the_forkers() -> None:
    ran = programs(at(table(), 60))
    assert [(program.started_ns, program.comm, program.argv, program.path) for program in ran] == [
        (None, "bash", ("-bash",), "/bin/bash"), (EPOCH + 2, "sh", ("sh", "-x"), "/bin/sh"), (EPOCH + 4, "cc1", ("cc1", "-x"), "/bin/cc1"),
    ]  # fmt: skip


def test_a_fork_of_a_fork_runs_what_the_first_ran_then() -> None:
    known = table()
    execute(known, 62, 5, 6, "true")
    assert [program.path for program in programs(at(known, 61))] == ["/bin/sh"]
    assert [program.path for program in programs(at(known, 62))] == ["/bin/sh", "/bin/true"]


def test_a_program_lasts_until_the_next_exec() -> None:
    process = at(table(), 60)
    assert [program_at(process, EPOCH + time).comm for time in (0, 1, 2, 3, 4, 99)] == ["bash", "bash", "sh", "sh", "cc1", "cc1"]


def test_a_program_that_renames_itself_is_called_by_its_name() -> None:
    process = at(table(), 60)
    process.comm = "worker"
    assert [program.comm for program in programs(process)] == ["bash", "sh", "worker"]


def test_what_nobody_knows_is_not_guessed() -> None:
    known = Processes()
    execute(known, 70, 7, 8, "true")
    assert [(program.comm, program.path) for program in programs(at(known, 70))] == [("", None), ("true", "/bin/true")]


def test_programs_that_are_no_longer_kept_leave_a_gap() -> None:
    known = table()
    for number in range(40):
        execute(known, 61, 3, 10 + number, f"p{number}")
    process = at(known, 61)
    ran = programs(process)
    assert [program.path for program in ran[:4]] == ["/bin/sh", "/bin/p0", None, "/bin/p25"]
    assert [program_at(process, EPOCH + time).path for time in (3, 10, 11, 30, 35, 49)] == ["/bin/sh", "/bin/p0", None, None, "/bin/p25", "/bin/p39"]


def test_a_program_whose_exec_was_lost_runs_from_the_end_of_the_gap() -> None:
    known = table()
    known.lost(EPOCH + 20, EPOCH + 30)
    known.runs(at(known, 61), ProcessSeed(pid=61, ppid=60, start_ns=3, comm=b"found", argv=(b"found",), path=b"/bin/found"))
    process = at(known, 61)
    assert process.healed == ("exec lost",)
    assert [program_at(process, EPOCH + time).path for time in (19, 29, 30)] == ["/bin/sh", "/bin/sh", "/bin/found"]
