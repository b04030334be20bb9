"""What is drawn in which frame."""

from __future__ import annotations

from kellect_tui.tui.pace import Pace


def test_new_rows_are_drawn_in_every_other_frame_where_they_keep_coming() -> None:
    pace, drawn = Pace(), []
    for frame in range(1, 8):
        pace.begin_frame()
        if pace.rows_due:
            pace.drew_rows()
            drawn.append(frame)
    assert drawn == [1, 3, 5, 7]


def test_after_a_pause_they_are_drawn_at_once() -> None:
    pace = Pace()
    pace.begin_frame()
    pace.drew_rows()
    pace.begin_frame()
    assert not pace.rows_due
    for _ in range(3):
        pace.begin_frame()
        assert pace.rows_due


def test_the_lines_are_told_with_new_rows_or_a_frame_later() -> None:
    pace = Pace()
    pace.told_status()
    told = []
    for frame in range(1, 7):
        pace.begin_frame()
        told.append((frame, pace.status_due(drawn=True), pace.status_due(drawn=False)))
    assert told == [(1, False, False), (2, False, False), (3, False, False), (4, True, False), (5, True, True), (6, True, True)]


def test_the_tree_is_looked_at_twice_a_second() -> None:
    pace, looked = Pace(), []
    for frame in range(1, 17):
        pace.begin_frame()
        if pace.tree_due:
            looked.append(frame)
    assert looked == [4, 8, 12, 16]
