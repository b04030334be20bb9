"""Writes to a terminal that is gone."""

from __future__ import annotations

import os

from kellect_tui.tui.terminal import GoneTerminal


def test_a_write_that_fails_is_thrown_away_and_told_once() -> None:
    reader, writer = os.pipe()
    told: list[bool] = []
    with os.fdopen(writer, "w") as file:
        terminal = GoneTerminal(file, lambda: told.append(True))
        terminal.write("a")
        terminal.flush()
        assert os.read(reader, 10) == b"a"
        os.close(reader)
        for _ in range(3):
            assert terminal.write("lost") == 4
            terminal.flush()
    assert told == [True]
