"""The first line (who, is it live, how much, is anything lost), the tabs, and the last line (keys, own cost)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kellect_tui.tui.meter import Cost
from kellect_tui.tui.quantities import short, size, sparkline
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.line import Line, Word

SPARKS = 10
SO_FAR = "…"
"""Behind a count that is not final."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header says.

    Attributes:
        state: `LIVE`, `PAUSED`, `SAVED`, `STOPPED`, `STARTING`, `FAILED`.
        live: Whether events still arrive (also while the screen is paused).
        rates: Events per second, one a second, newest last.
        captured: Events of all families, monitor's own not counted.
        lost: Events that the kernel could not hand over.
        dropped: Events that retention let go of.
        io_uring: Operations by io_uring, which are counted and not decoded.
        unseen: What else was not recorded and is counted: calls of other ABIs, skipped runs.
        note: A word more, such as `cut short`.
        counting: The counts are not final: more of a file is still to be read.
        command: The command whose tree this is, and its state; None: there is none.
    """

    host: str = ""
    kernel: str = ""
    state: str = "LIVE"
    live: bool = True
    rates: Sequence[int] = ()
    captured: int = 0
    lost: int = 0
    dropped: int = 0
    io_uring: int = 0
    unseen: int = 0
    note: str = ""
    counting: bool = False
    command: Word | None = None


STATE_STYLES = {"LIVE": "live", "PAUSED": "paused", "SAVED": "saved", "STOPPED": "paused", "FAILED": "alarm", "STARTING": "saved"}


class Header(Line):
    """The first line."""

    def tell(self, facts: Facts) -> None:
        """Show the facts."""
        left = [Word(" kellect-tui ", "title")]
        if facts.host:
            left.append(Word(f"── {safe_text(facts.host)} · {safe_text(facts.kernel)} ", "dim"))
        right = [Word(f" {facts.state} ", STATE_STYLES.get(facts.state, "dim"))]
        if facts.command is not None:
            right.insert(0, facts.command)
        if facts.note:
            right.append(Word(f" {facts.note} ", "warn"))
        if facts.live:
            rate = facts.rates[-1] if facts.rates else 0
            right.append(Word(f" ● {rate:,}/s ", "live" if facts.state == "LIVE" else "dim"))
            right += [Word(sparkline(list(facts.rates), SPARKS), "spark"), Word(" ·", "dim")]
        so_far = SO_FAR if facts.counting else ""
        right.append(Word(f" {facts.captured:,}{so_far} events "))
        if facts.dropped:
            right.append(Word(f"· {short(facts.dropped)} dropped ", "warn"))
        if facts.io_uring:
            right.append(Word(f"· {short(facts.io_uring)} by io_uring, not decoded ", "warn"))
        if facts.unseen:
            right.append(Word(f"· {short(facts.unseen)} not seen ", "warn"))
        right += [Word("· ", "dim"), Word(f" {facts.lost:,}{so_far} lost ", "alarm" if facts.lost else "dim" if so_far else "good")]
        # The state and the losses are the last to go on a narrow screen.
        self.show(left, right)


class TabBar(Line):
    """The tabs with their counts; a click chooses one."""

    def tell(self, tabs: Sequence[tuple[str, str]], counts: Mapping[str, int], here: str, counting: Collection[str] = ()) -> None:
        """Show `tabs` (name, title), how many events each family had, and which one is shown; more may come to those in `counting`."""
        words: list[Word] = []
        for between, counted in (("│", True), ("", True), ("", False)):
            words = []
            for number, (name, title) in enumerate(tabs, 1):
                count = f"{short(counts.get(name, 0))}{SO_FAR}" if name in counting else short(counts.get(name, 0))
                text = f" {number} {title} {count} " if counted else f" {number} {title} "
                words += [Word(between, "dim"), Word(text, "tab--here" if name == here else "tab", f"screen.tab('{name}')")]
            if sum(len(word.text) for word in words) <= self.size.width:
                break
        self.show(words[1:])


class Footer(Line):
    """The last line: the keys that matter now, and what the monitor costs."""

    def tell(self, keys: Sequence[tuple[str, str, str]], cost: Cost | None, complete: str) -> None:
        """Show `keys` (key, word, action), our cost, and since when nothing was lost (empty: not to be said)."""
        words: list[Word] = []
        for key, word, action in keys:
            words += [Word(f" {key}", "key", action), Word(f" {word} ", "plain", action)]
        right: list[Word] = []
        if cost is not None:
            right.append(Word(f" cpu {cost.cpu_percent:.0f} % · mem {size(cost.memory_bytes)}", "dim"))
        if complete:
            right.append(Word(f" · {complete}", "good"))
        self.show(words, [*right, Word(" ")] if right else [])
