"""THE table of what the user can do: keys, help, palette and footer are made from it.

A row names a method `action_NAME` of the main screen; what one part of the screen does alone is passed on to it (`done_by`).
A key that is not in here does nothing, and a key that is in here works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, TypeVar

from textual.binding import Binding

from kellect_tui.tui.tree_columns import TITLES

KEY_NAMES = {
    "slash": "/", "question_mark": "?", "colon": ":", "space": "Space", "enter": "Enter", "escape": "Esc", "backspace": "Backspace", "asterisk": "*",
    "plus": "+", "minus": "-", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End",
    "tab": "Tab", "shift+tab": "Shift-Tab", "equals_sign": "=", "less_than_sign": "<", "greater_than_sign": ">",
}  # fmt: skip

TABS = (("all", "All"), ("file", "File"), ("process", "Process"), ("network", "Network"), ("user", "User"), ("tree", "Tree"))
"""Name and title of each tab, in the order of their keys."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    Attributes:
        name: Method of the main screen, with its parameters: `move(-1)`.
        keys: Textual's names of the keys.
        title: A few words, for the palette; empty: not in the palette (it makes no sense there).
        help: One line for the help screen.
        group: Heading in the help screen.
        where: `any`, `table` (the event tabs), `tree` or `command` (the screen over a command's own tree).
        footer: The word in the footer of the event tabs, and of the tree; empty: not there.
        early: Runs before keys that were typed ahead reach anything: it moves the focus.
        arriving: In the footer only while events arrive.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    where: str = "any"
    footer: tuple[str, str] = ("", "")
    early: bool = False
    arriving: bool = False

    @property
    def method(self) -> str:
        """The action's name without parameters."""
        return self.name.partition("(")[0]

    @property
    def shown_keys(self) -> str:
        """The keys as people write them."""
        return " ".join(key_name(key) for key in self.keys)


def key_name(key: str) -> str:
    """`Ctrl-S` for `ctrl+s`, `/` for `slash`, `F4` for `f4`."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    return key.upper() if len(key) > 1 and key[0] == "f" and key[1:].isdecimal() else key


MOVE, SHOW, FILTER, FIND, EVENT, PROCESS, PROGRAM = "Moving", "What is shown", "Filter", "Finding", "The event under the cursor", "Processes", "Program"

ACTIONS = (
    Action("app('show_help')", ("question_mark", "f1"), "Help", "this help", PROGRAM, footer=("help", "help")),
    Action("filter", ("slash", "f4"), "Filter: type one", "filter; Tab completes, ↑ history, Enter applies, Esc leaves", FILTER, footer=("filter", "filter"), early=True),
    Action("pause", ("space", "p"), "Pause or continue the screen", "pause the screen; the capture goes on", SHOW, footer=("pause", "pause"), arriving=True),
    Action("open", ("enter",), "Detail", "every field and argument of the event; in the tree: all about the process", EVENT, footer=("detail", "detail")),
    Action("back", ("escape", "backspace"), "", "close the detail; stop what is running", EVENT),
    Action("scroll_detail(3)", ("J",), "", "scroll the detail down", EVENT),
    Action("scroll_detail(-3)", ("K",), "", "scroll the detail up", EVENT),
    *(Action(f"tab('{name}')", (str(number),), f"Show {title}", f"{title} tab", SHOW) for number, (name, title) in enumerate(TABS, 1)),
    Action("next_tab(1)", ("tab",), "", "next tab", SHOW),
    Action("next_tab(-1)", ("shift+tab",), "", "tab before", SHOW),
    Action("follow", ("f",), "Follow the newest event", "follow the newest event, or hold", SHOW, "table"),
    Action("time_mode", ("r",), "Time: local, UTC, relative, delta", "TIME as local time, UTC, since the start, since the row before", SHOW),
    Action("move(-1)", ("up", "k"), "", "one row up", MOVE),
    Action("move(1)", ("down", "j"), "", "one row down", MOVE),
    Action("page(-1.0)", ("pageup",), "", "one screen up", MOVE),
    Action("page(1.0)", ("pagedown",), "", "one screen down", MOVE),
    Action("page(-0.5)", ("ctrl+u",), "", "half a screen up", MOVE),
    Action("page(0.5)", ("ctrl+d",), "", "half a screen down", MOVE),
    Action("first", ("home", "g"), "Go to the first row", "first row", MOVE),
    Action("last", ("end", "G"), "Go to the last row", "last row; event tabs follow again", MOVE),
    Action("sideways(-1)", ("left", "h"), "", "cell to the left; in the tree: fold, or to the parent", MOVE),
    Action("sideways(1)", ("right", "l"), "", "cell to the right; in the tree: unfold", MOVE),
    Action("include", ("i",), "Filter: only what has this cell's value", "add the cell under the cursor to the filter", FILTER, "table"),
    Action("exclude", ("x",), "Filter: without this cell's value", "leave out what has this cell's value", FILTER, "table"),
    Action("clear_filter", ("X",), "Filter: clear", "clear the filter", FILTER),
    Action("search", ("ctrl+f", "f3"), "Search in what is shown", "search: as a filter, a bare word is looked for everywhere", FIND, "table", early=True),
    Action("find_match(1)", ("n",), "", "next match", FIND, "table"),
    Action("find_match(-1)", ("N",), "", "match before", FIND, "table"),
    Action("find_failure(1)", ("e",), "Next failure", "next failure", FIND, "table"),
    Action("find_failure(-1)", ("E",), "Failure before", "failure before", FIND, "table"),
    Action("find_loss", ("L",), "Next loss", "next place where events were lost", FIND, "table"),
    Action("copy_row", ("c",), "Copy the row", "copy the row to the clipboard (OSC 52)", EVENT, "table"),
    Action("copy_json", ("C",), "Copy the event as JSON", "copy the event as JSON", EVENT, "table"),
    Action("to_tree", ("t", "f5"), "Show this process in the tree", "this event's process in the tree", PROCESS, "table", footer=("tree", "")),
    Action("only_process", ("P",), "Filter: only this process and its descendants", "events of this process and its descendants only, also when it is gone", PROCESS, footer=("", "events")),
    Action("own_events", ("o",), "Filter: only what this process did itself", "events of this process or thread alone", PROCESS, "tree"),
    Action("parent", ("u",), "Go to the parent process", "the parent process", PROCESS, "tree"),
    Action("fold_all", ("asterisk",), "Fold or unfold the whole tree", "fold all, or unfold all", PROCESS, "tree"),
    Action("unfold", ("plus", "equals_sign"), "", "unfold", PROCESS, "tree"),
    Action("fold", ("minus",), "", "fold", PROCESS, "tree"),
    Action("sums", ("S",), "Tree: own figures, or with all descendants", "figures: own, or with all descendants (Σ)", PROCESS, "tree"),
    Action("sort_tree(1)", ("s", "f6", "greater_than_sign"), "", "order siblings by the next column; by a click on its title", PROCESS, "tree"),
    Action("sort_tree(-1)", ("less_than_sign",), "", "by the column before", PROCESS, "tree"),
    Action("invert_order", ("I",), "Tree: invert the order of siblings", "the order of siblings the other way round", PROCESS, "tree"),
    *(Action(f"sort_by('{title}')", (), f"Tree: order siblings by {title}", "", PROCESS, "tree") for title in TITLES),
    Action("hide_ended", ("z",), "Tree: ended processes: all, of the last 10 s, 1 min, 10 min, none", "ended processes: all, of the last 10 s, 1 min, 10 min, none", PROCESS, "tree"),
    Action("threads", ("w",), "Tree: show or hide threads", "show or hide threads", PROCESS, "tree"),
    Action("kernel_threads", ("W",), "Tree: show or hide kernel threads", "show or hide kernel threads", PROCESS, "tree"),
    Action("app('show_account')", ("a",), "Account: what happened, and what of it is here", "what was captured, lost, skipped, left out", PROGRAM),
    Action("output", ("O",), "Command: show or hide its output", "of `run -- CMD`: show or hide what the command prints; J K scroll", PROGRAM, "command", footer=("output", "output")),
    Action("signal('SIGINT')", (), "Command: interrupt it (SIGINT to its process group)", "", PROGRAM, "command"),
    Action("signal('SIGTERM')", (), "Command: end it (SIGTERM to its process group)", "", PROGRAM, "command"),
    Action("signal('SIGKILL')", (), "Command: kill it (SIGKILL to its process group)", "", PROGRAM, "command"),
    Action("app('summary')", (), "Summary: programs, files, peers, failures (of what the filter lets through)", "", PROGRAM),
    Action("save", ("ctrl+s",), "Save to a file", "save: session, JSON lines, JSON, CSV, Parquet, Perfetto trace, process tree", PROGRAM, footer=("save", "save"), early=True),
    Action("palette", ("colon", "ctrl+p"), "", "everything by name, themes, capture options", PROGRAM, early=True),
    Action("app('change_theme')", (), "Theme: choose the colours", "", PROGRAM),
    Action("app('suspend_process')", ("ctrl+z",), "Suspend (fg comes back)", "suspend; `fg` comes back", PROGRAM),
    Action("app('quit')", ("q", "f10", "ctrl+c"), "Quit", "quit", PROGRAM),
)  # fmt: skip

GROUPS = (MOVE, SHOW, FILTER, FIND, EVENT, PROCESS, PROGRAM)


def bindings() -> list[Binding]:
    """Textual's bindings for the whole table; `early` keys come before the focused widget's own."""
    return [Binding(key, action.name, action.title or action.help, show=False, priority=action.early) for action in ACTIONS for key in action.keys]


def in_group(group: str) -> Iterator[Action]:
    """The actions under a heading of the help screen."""
    return (action for action in ACTIONS if action.group == group and action.keys)


def allowed(action: Action, tab: str, *, command: bool = False) -> bool:
    """Whether the action makes sense in this tab; `command`: there is one."""
    if action.where == "command":
        return command
    return action.where == "any" or (action.where == "tree") == (tab == "tree")


Part = TypeVar("Part")
Parameters = ParamSpec("Parameters")


def done_by(part: str, method: Callable[Concatenate[Part, Parameters], object]) -> Callable[Concatenate[Any, Parameters], None]:
    """An action that a part of the screen does alone: `part` is the attribute, `method` what is called of whatever is there then."""

    @wraps(method)  # Textual gives an action as many parameters as it asks for
    def action(screen: Any, /, *given: Parameters.args, **named: Parameters.kwargs) -> None:
        attrgetter(f"{part}.{method.__name__}")(screen)(*given, **named)

    return action


BY_METHOD: dict[str, Action] = {action.method: action for action in ACTIONS}
EARLY = frozenset(action.method for action in ACTIONS if action.early)
