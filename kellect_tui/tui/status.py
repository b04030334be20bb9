"""What the lines of the main screen say: header, tabs, the filter line's end, footer. Pure functions; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kellect_tui.session.session import Session
from kellect_tui.tui.actions import ACTIONS, allowed
from kellect_tui.tui.command_view import CommandControl, state_word
from kellect_tui.tui.opening import is_counting, note, unread
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.views import Job, Views
from kellect_tui.tui.widgets.header import SO_FAR, Facts
from kellect_tui.tui.widgets.line import Word


def facts(session: Session, state: str, rates: Sequence[int], command: CommandControl | None) -> Facts:
    """The header's. `state`: its word for the capture; `rates`: events per second, newest last."""
    ledger, totals, start = session.ledger, session.totals, session.start
    by_io_uring = sum(totals.io_uring.values())
    return Facts(
        host=str(start.get("host", "")),
        kernel=str(start.get("kernel", "")),
        state=state,
        live=session.live,
        rates=tuple(rates),
        captured=ledger.captured,
        lost=ledger.lost,
        dropped=session.store.dropped,
        io_uring=by_io_uring,
        unseen=totals.unseen - by_io_uring,
        note=note(session),
        counting=is_counting(session),
        command=None if command is None else state_word(command),
    )


def counts(session: Session) -> dict[str, int]:
    """How much each tab has."""
    ledger = session.ledger
    return {"all": ledger.captured, **ledger.by_family, "tree": len(session.processes)}


def unfinished(session: Session) -> Collection[str]:
    """Tabs whose count is not final, because a file is still being read."""
    if is_counting(session):
        return counts(session)
    return ["tree"] if session.opening is not None else []


def keys(tab: str, *, arriving: bool, command: bool) -> list[tuple[str, str, str]]:
    """(key, word, action) of the footer in a tab. `arriving`: events come, or will when the screen goes on; `command`: there is one."""
    which = int(tab == "tree")
    offered = [action for action in ACTIONS if action.footer[which] and allowed(action, tab, command=command) and (arriving or not action.arriving)]
    return [(action.shown_keys.split()[0], action.footer[which], f"screen.{action.name}") for action in offered]


def complete(session: Session, clock: Clock) -> str:
    """Since when nothing is missing; empty where that is not to be said."""
    ledger = session.ledger
    if ledger.complete_since_ns is None or session.store.dropped or session.cut_short or session.damage:
        return ""
    if not ledger.lost and not session.totals.unseen:
        return f"since {clock.of_day(ledger.complete_since_ns)} complete"
    return f"complete since {clock.of_day(ledger.complete_since_ns)}" if session.live else ""


def of_job(job: Job) -> list[Word]:
    """How far a job is that takes its time."""
    return [Word(f"{'searching' if job.purpose == 'search' else 'filtering'} {job.share:4.0%}", "warn"), Word(" Esc stops ", "dim")]


def of_tree(session: Session, shown: int) -> list[Word]:
    """How many processes there are, and how many of them are shown."""
    if session.opening is not None:
        return [Word(f"{unread(session)} ", "warn")]
    return [Word(f"{shown:,} of {len(session.processes):,}"), Word(f" · {session.processes.running:,} running ", "dim")]


def of_events(views: Views, tab: str, *, found: Job | None, preview: Job | None, new_rows: int, position: str) -> list[Word]:
    """How many events there are, and how many of them this tab shows.

    Args:
        found: What is counted in place of the tab's rows: those being found, or those of a filter that is being typed.
        preview: The filter that is being typed, where its rows are known.
        new_rows: How many came since the table was held.
        position: Where a search is; empty: nowhere.
    """
    words: list[Word] = []
    if new_rows:
        words.append(Word(f"▼ {new_rows:,} new  ", "accent"))
    if position:
        words.append(Word(f"{position}  ", "warn"))
    matches = views.matches(tab) if found is None else found.matches
    shown = SO_FAR if found is None and not views.knows(tab) else f"{matches:,}"
    total = f"{views.total:,}{SO_FAR if is_counting(views.session) else ''}"
    everything = found is None and views.predicate(tab, views.filter) is None
    words.append(Word(f"{total if everything else shown} of {total}"))
    seconds = views.seconds(tab) if preview is None else preview.seconds
    if seconds is not None and (views.filter is not None or preview is not None):
        words.append(Word(f" · {taken(seconds)}", "dim"))
    words.append(Word(" "))
    return words


def taken(seconds: float) -> str:
    """How long a filter took: `14 ms`, `1.4 s`."""
    if seconds < 0.001:
        return "<1 ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"
