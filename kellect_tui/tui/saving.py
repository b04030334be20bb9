"""Between the save dialogue and the exporters."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from kellect_tui.errors import CannotWrite
from kellect_tui.export import export
from kellect_tui.export.summary import document, summarize
from kellect_tui.export.summary_text import text
from kellect_tui.session.filter import FILTER_HELP, Filter
from kellect_tui.session.session import Session
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.screens.save import SaveScreen
from kellect_tui.tui.views import Views

SUFFIXES = {"session": ".kellect", "jsonl": ".jsonl", "json": ".json", "csv": ".csv", "parquet": ".parquet", "perfetto": ".trace.json",
            "tree-json": ".tree.json", "dot": ".dot"}  # fmt: skip
"""The formats that the dialogue offers, and the suffix each file gets."""


VIEW_CELLS = 38
"""What the dialogue's line has room for."""


def suggested_name(session: Session) -> str:
    """`kellect-HOST-20261124-120041.kellect`; a host name from a file is not trusted to be one."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", str(session.start.get("host", "")))[:40] or "session"
    began = session.started_ns or 0
    return f"kellect-{host}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(began // 1_000_000_000))}.kellect"


def save_screen(session: Session, views: Views, tab: str) -> SaveScreen:
    """The dialogue for what is shown now."""
    filter = views.filter
    shown = "all" if tab == "tree" else tab
    predicate = views.predicate(shown, filter)
    view_text = ""
    if predicate is not None:
        of_tab = "" if shown == "all" else f"the {shown} tab"
        of_filter = "" if filter is None else f"“{safe_text(filter.text)}”"
        view_text = f"{views.matches(shown):,} events of {of_tab}{' with ' if of_tab and of_filter else ''}{of_filter}"

    def write(path: Path, format: str, only_view: bool, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> int:
        if session.opening is not None and not session.opening.wait(cancelled):
            raise CannotWrite("the file that is shown has not been read wholly", "what could be read of it is on the screen")
        return export(session, path, format, predicate=predicate if only_view else None, progress=progress, cancelled=cancelled)

    return SaveScreen(suggested_name(session), SUFFIXES, view_text if len(view_text) <= VIEW_CELLS else f"{view_text[: VIEW_CELLS - 1]}…", write)


def summary_text(session: Session, filter: Filter | None, stopped: Callable[[], bool]) -> str | None:
    """The summary of what the filter lets through; None where it was stopped."""
    if session.opening is not None and not session.opening.wait(stopped):
        return None
    summary = summarize(session, filter, stopped)
    return None if summary is None else text(document(session, summary, filter="" if filter is None else filter.text))


def filter_help() -> list[tuple[str, str, str]]:
    """The filter language for the help: (heading, what to type, what it does)."""
    return [(row.section, row.syntax, f"{row.meaning}:  {row.example}" if row.example else row.meaning) for row in FILTER_HELP]
