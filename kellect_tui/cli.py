"""The command line: puts source, session and front end together. EVENTS.md's section of that name is its contract."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from kellect_tui import __version__, starting  # noqa: F401  # first of all: it loads numpy its own way
from kellect_tui.errors import BadOption, KellectError
from kellect_tui.events.budget import budget
from kellect_tui.events.options import DEFAULT_RING_BYTES, CaptureOptions, parse_events
from kellect_tui.telling import if_heard, tell

DONE, CANNOT, USAGE, INTERRUPTED = 0, 1, 2, 130
_LAST_UID = (1 << 32) - 2
"""The number behind it stands for none."""

EXAMPLES = """
\b
Examples:
  sudo kellect-tui                               watch the whole machine
  sudo kellect-tui -c nginx                      only what is called nginx
  sudo kellect-tui -e file,-file.read            file events, but no reads
  sudo kellect-tui --filter 'failed and not comm = sshd'
  sudo kellect-tui run -- make -j2               the screen over what a command does
  sudo kellect-tui record -o build.kellect -- make -j2
  kellect-tui open build.kellect                 the same screen over a saved session
  kellect-tui summary build.kellect              what happened in it
  kellect-tui export build.kellect -o failures.jsonl --filter failed
  kellect-tui export build.kellect -o build.trace.json    for ui.perfetto.dev
  kellect-tui --demo                             a recorded session: no root, no BPF
"""


RECORD_EXAMPLES = """
\b
Examples:
  sudo kellect-tui record -o night.kellect --duration 8h
  sudo kellect-tui record -o build.kellect -- make -j2
  sudo kellect-tui record -e network -o - | jq .arguments.addr
"""


FORMAT_HELP = (
    "session (all of it: `open` shows it again), jsonl, json, csv, parquet, kellect (JSON lines with the keys of KellectAgent-Linux; no session), "
    "perfetto, tree-json or dot; else by the file's name."
)

RUN_HELP = """
CMD has no keyboard: its standard input is empty, and /dev/tty cannot be opened. What it prints goes through a pseudo-terminal
of its own (TERM=dumb) into a pane that O shows, the last 10,000 lines, and with --output all of it into a file. It leads a process
group of its own; `:` sends that SIGINT, SIGTERM or SIGKILL.

The first event is CMD's own exec. The screen stays open when CMD has ended, and goes on watching what it left behind. Quitting while
CMD runs asks whether to end it or to leave it running. A SIGTERM or SIGHUP that the monitor gets is passed on, and the monitor waits
for CMD's end; a second one leaves CMD running. SIGINT is only passed on.

The exit status is CMD's: 128+N where signal N ended it, 127 not found, 126 not executable, 0 where it was left running.
"""

RUN_EXAMPLES = """
\b
Examples:
  sudo kellect-tui run -- make -j2
  sudo kellect-tui run --filter failed --output build.log -- ./configure
  sudo kellect-tui run -a -e network -- curl https://example.org
"""


def say(error: KellectError) -> None:
    """One line why, one line what to do, on standard error."""
    tell(f"kellect-tui: {error.message}")
    if error.remedy:
        tell(f"  {error.remedy}")


def complete_format(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The formats that begin so, for the shell."""
    from kellect_tui.export import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


class Size(click.ParamType[int]):
    """Bytes: `64M`, `1G`, `65536`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        return value if isinstance(value, int) else _scaled(str(value).strip().upper().removesuffix("IB").removesuffix("B"), 1024, self, param, ctx)


class Count(click.ParamType[int]):
    """A number of events: `5M`, `200k`."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        return value if isinstance(value, int) else _scaled(str(value).strip().upper(), 1000, self, param, ctx)


class Duration(click.ParamType[float]):
    """A length of time: `30s`, `5m`, `1h`, `250ms`."""

    name = "duration"
    _UNITS = (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        for unit, seconds in self._UNITS:
            if text.endswith(unit) and _is_positive(text.removesuffix(unit)):
                return float(text.removesuffix(unit)) * seconds
        if _is_positive(text):
            return float(text)
        self.fail(f"{value!r} is no length of time; write 30s, 5m or 250ms", param, ctx)


def _is_positive(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) <= _DIGITS and float(text) > 0


_DIGITS = 20
"""Nobody means a number of more; of thousands Python refuses to make one."""


def _scaled(text: str, base: int, kind: click.ParamType[int], param: click.Parameter | None, ctx: click.Context | None) -> int:
    power = "KMGT".find(text[-1:]) + 1 if text else 0
    number = text[:-1] if power else text
    if not _is_positive(number) or (scaled := int(float(number) * base**power)) < 1:
        kind.fail(f"{text!r} is no {kind.name}; write for example 64M", param, ctx)
    return scaled


def _listed(values: Sequence[str], what: str) -> list[str]:
    """The words between commas. An option that is there and names nothing, such as an unset variable, must not choose everything."""
    words = [word.strip() for value in values for word in value.split(",") if word.strip()]
    if values and not words:
        raise BadOption(f"a {what} is missing", "give at least one, or leave the option out")
    return words


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _numbers(values: Sequence[str], what: str) -> tuple[int, ...]:
    words = _listed(values, what)
    for word in words:
        if not _is_whole(word):
            raise BadOption(f"{word!r} is no {what}", f"give a number; `pgrep NAME` finds the {what} of a program")
    return tuple(int(word) for word in words)


CAPTURE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "-e", "--events", multiple=True, metavar="TYPE|FAMILY,…", help="Only these event types; a leading - leaves out. `kellect-tui events` lists them."
    ),
    click.option("-p", "--pid", "pids", multiple=True, metavar="PID,…", help="Only these processes, all their threads, not their children."),
    click.option("-c", "--comm", "comms", multiple=True, metavar="NAME,…", help="Only tasks of this name; PREFIX* too. The first 15 bytes count."),
    click.option("-u", "--uid", "uids", multiple=True, metavar="USER,…", help="Only this effective user; name or number."),
    click.option("--descendants-of", "descendants", multiple=True, metavar="PID,…", help="Only this process and all that descends from it, now and later."),
    click.option("--duration", type=Duration(), metavar="TIME", help="Stop capturing after this time: 30s, 5m."),
    click.option("--ring-size", type=Size(), default=DEFAULT_RING_BYTES, metavar="SIZE", help="Memory for events under way, in total.  [default: 64M]"),
    click.option("--memory", type=Size(), metavar="SIZE", help="Most memory the whole program may take, rings included: older events go earlier."),
    click.option("--include-self", is_flag=True, help="Capture the monitor's own calls too."),
    click.option("--coalesce", is_flag=True, help="Make one event of a run of equal reads or writes by a thread on a file; totals stay exact."),
)


def summary_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that `record` and `run` share; `default` is what is said of the summary that comes unasked."""
    form = click.option("--summary", type=click.Choice(["text", "json", "none"]), help=f"What CMD did, at the end.  [default: {default}]")
    place = click.Path(path_type=Path, dir_okay=False)
    file = click.option("--summary-file", type=place, metavar="FILE", help="The summary into a file; else to standard error.")
    return lambda command: form(file(command))


def capture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `record` and the live monitor share."""
    for option in reversed(CAPTURE_OPTIONS):
        command = option(command)
    return command


def options_of(
    events: Sequence[str],
    pids: Sequence[str],
    comms: Sequence[str],
    uids: Sequence[str],
    descendants: Sequence[str],
    ring_size: int,
    include_self: bool,
    coalesce: bool,
    memory: int | None = None,
) -> CaptureOptions:
    """The capture filter behind the words. Raises BadOption."""
    import pwd

    def user(name: str) -> int:
        try:
            if _is_whole(name) and int(name) <= _LAST_UID:
                return int(name)
            return pwd.getpwnam(name).pw_uid
        except (KeyError, ValueError) as error:  # ValueError: half a character
            raise BadOption(f"there is no user {name!r}", "give a user name or number") from error

    words = _listed(events, "type or family of events")
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if ring_size > has:
        raise BadOption(f"--ring-size {ring_size >> 20:,}M is more than this machine has", f"it has {has >> 20:,}M in all")
    budget(memory, ring_size)  # a size that is too small is told before anything starts
    return CaptureOptions(
        events=parse_events(words) if words else CaptureOptions().events,
        pids=_numbers(pids, "pid"),
        comms=tuple(_listed(comms, "name")),
        uids=tuple(user(name) for name in _listed(uids, "user")),
        descendants_of=_numbers(descendants, "pid"),
        ring_bytes=ring_size,
        include_self=include_self,
        coalesce=coalesce,
        memory_bytes=memory,
    )


def _given(ctx: click.Context) -> list[str]:
    """The options that stand on the command line, by their long names."""
    there = click.core.ParameterSource.COMMANDLINE
    return [parameter.opts[-1] for parameter in ctx.command.params if parameter.name and ctx.get_parameter_source(parameter.name) is there]


def _require_summary(form: str | None, file: Path | None, output: str | Path | None) -> None:
    if form == "none" and file is not None:
        raise BadOption("--summary-file means nothing with --summary none", "leave one of them out")
    if file is not None and output is not None and os.path.realpath(file) == os.path.realpath(output):
        raise BadOption(f"--summary-file would replace {output}", "give the summary a name of its own")


class Group(click.Group):
    """Says what is wrong in our own form, and proposes the nearest command."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1, 0.4) if args else []
            raise click.UsageError(f"{error.message.rstrip('.')}." + (f" Did you mean {near[0]!r}?" if near else ""), ctx) from error


@click.group(cls=Group, invoke_without_command=True, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="kellect-tui")
@capture_options
@click.option("--keep", type=Count(), default=5_000_000, metavar="N", help="Events to keep in memory; older ones go.  [default: 5M]")
@click.option("--filter", "display_filter", default="", metavar="EXPR", help="First display filter, as typed after `/`.")
@click.option("--demo", is_flag=True, help="The screen over a recorded session that comes with the program: no root, no BPF.")
@click.pass_context
def cli(ctx: click.Context, /, duration: float | None, keep: int, display_filter: str, demo: bool, **capture: Any) -> None:
    """Watch what programs do to this machine: files, processes, network, users. Live, filterable, nothing lost silently."""
    if ctx.invoked_subcommand is not None:
        name = ctx.invoked_subcommand
        for option in _given(ctx):
            raise BadOption(f"{option} before `{name}` means nothing", f"put it behind, where it has one: see `kellect-tui {name} --help`")
        return
    from kellect_tui import commands

    if demo:
        for option in _given(ctx):
            if option not in ("--demo", "--filter"):
                raise BadOption(f"{option} means nothing with --demo: it shows a recording", "leave it out; --filter chooses what is shown")
        commands.demo(display_filter)
    else:
        commands.live(options_of(**capture), duration=duration, keep=keep, display_filter=display_filter)


@cli.command(epilog=RECORD_EXAMPLES)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; - for standard output (JSON lines).")
@click.option("-f", "--format", "file_format", metavar="FORMAT", shell_complete=complete_format, help=FORMAT_HELP)
@click.option("-a", "--all", "everything", is_flag=True, help="With CMD: the whole system, not only CMD's own tree.")
@summary_options("text with CMD, else none")
@capture_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD ARG…]")
@click.pass_context
def record(
    ctx: click.Context,
    /,
    output: str,
    file_format: str | None,
    everything: bool,
    duration: float | None,
    command: tuple[str, ...],
    summary: str | None,
    summary_file: Path | None,
    **capture: Any,
) -> None:
    """Capture without a screen: the whole system, or what CMD and its descendants do."""
    from kellect_tui import commands

    if everything and not command:
        raise BadOption("--all means nothing without a command: the whole system is recorded anyway", "leave it out, or give the command after `--`")
    _require_summary(summary, summary_file, output)
    options = options_of(**capture)
    status = commands.record(
        options,
        output=output,
        file_format=file_format,
        duration=duration,
        command=list(command),
        everything=everything,
        summary=summary,
        summary_file=summary_file,
    )
    ctx.exit(status)


@cli.command(epilog=RUN_EXAMPLES, help=f"Watch what CMD and its descendants do, on the screen, from its first event on.\n{RUN_HELP}")
@click.option("-a", "--all", "everything", is_flag=True, help="The whole system, not only CMD's own tree.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Keep what CMD prints in this file too, byte for byte.")
@click.option("--keep", type=Count(), default=5_000_000, metavar="N", help="Events to keep in memory; older ones go.  [default: 5M]")
@click.option("--filter", "display_filter", default="", metavar="EXPR", help="First display filter, as typed after `/`.")
@summary_options("text")
@capture_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True, metavar="-- CMD [ARG…]")
@click.pass_context
def run(
    ctx: click.Context,
    /,
    everything: bool,
    output: Path | None,
    keep: int,
    display_filter: str,
    duration: float | None,
    command: tuple[str, ...],
    summary: str | None,
    summary_file: Path | None,
    **capture: Any,
) -> None:
    from kellect_tui import commands

    _require_summary(summary, summary_file, output)
    status = commands.run(
        options_of(**capture),
        list(command),
        everything=everything,
        output=output,
        keep=keep,
        display_filter=display_filter,
        duration=duration,
        summary=summary or "text",
        summary_file=summary_file,
    )
    ctx.exit(status)


@cli.command(name="open")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--filter", "display_filter", default="", metavar="EXPR", help="First display filter, as typed after `/`.")
def open_file(file: Path, display_filter: str) -> None:
    """Show a saved session (FILE, or - for standard input) in the same screen."""
    from kellect_tui import commands

    commands.open_file(file, display_filter)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-o", "--output", required=True, metavar="OUT", help="Where to; - for standard output.")
@click.option("-f", "--format", "file_format", metavar="FORMAT", shell_complete=complete_format, help=FORMAT_HELP)
@click.option("--filter", "display_filter", default="", metavar="EXPR", help="Only the events that this display filter lets through.")
def export(file: Path, output: str, file_format: str | None, display_filter: str) -> None:
    """Convert a saved session into another format, or filter it."""
    from kellect_tui import commands

    commands.export(file, output, file_format, display_filter)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON document, for scripts.")
@click.option("--filter", "display_filter", default="", metavar="EXPR", help="Only the events that this display filter lets through.")
def summary(file: Path, as_json: bool, display_filter: str) -> None:
    """Say what happened in a saved session: programs, files, peers, failures, signals, time."""
    from kellect_tui import commands

    commands.summary(file, display_filter, as_json=as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def events(as_json: bool) -> None:
    """List the event types, their system calls and arguments."""
    from kellect_tui import listing

    click.echo(listing.as_json() if as_json else listing.as_text())


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Say what this machine can do, what is missing, and the command that mends it."""
    from kellect_tui.bpf import doctor as checks

    results = checks.examine()
    click.echo(checks.as_json(results) if as_json else checks.as_text(results))
    ctx.exit(DONE if all(result.ok for result in results) else CANNOT)


def _fill_descriptors() -> None:
    """Where a standard descriptor is closed (`>&-`), the next file that is opened would be it, and get what others print."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; never a traceback for what a user can cause."""
    _fill_descriptors()
    try:
        status = cli.main(list(arguments) if arguments is not None else None, prog_name="kellect-tui", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        with if_heard():
            error.show()
        sys.exit(USAGE)
    except click.ClickException as error:
        with if_heard():
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):  # where it is no way to end: an export is given up, a recording has not begun
        sys.exit(INTERRUPTED)
    except KellectError as error:
        say(error)
        sys.exit(error.exit_status)
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise
        from kellect_tui.export.output import cannot_write

        say(cannot_write("-", error))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered would fail again when Python ends
        sys.exit(CANNOT)
    sys.exit(status if isinstance(status, int) else DONE)
