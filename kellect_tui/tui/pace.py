"""What is drawn in which frame of the screen: a count, no clock."""

from __future__ import annotations

FRAME_SECONDS = 0.125
ROW_FRAMES = 2
"""Between two looks at new rows where they keep coming; after a pause they are drawn in the next frame."""
STATUS_FRAMES = 4
TREE_FRAMES = 4


class Pace:
    """Counts frames, eight a second.

    Attributes:
        next_rows: The frame from which on new rows are drawn again.
    """

    def __init__(self) -> None:
        self.next_rows = 0
        self._frames = 0
        self._next_status = 0

    def begin_frame(self) -> None:
        """Another frame."""
        self._frames += 1

    @property
    def rows_due(self) -> bool:
        """Whether new rows are drawn in this frame."""
        return self._frames >= self.next_rows

    @property
    def tree_due(self) -> bool:
        """Whether the tree is looked at in this frame."""
        return self._frames % TREE_FRAMES == 0

    def status_due(self, *, drawn: bool) -> bool:
        """Whether the lines are told anew: best with new rows (`drawn`), in one paint, else a frame later."""
        return self._frames >= self._next_status + (not drawn)

    def drew_rows(self) -> None:
        """New rows were drawn in this frame."""
        self.next_rows = self._frames + ROW_FRAMES

    def told_status(self) -> None:
        """The lines were told in this frame."""
        self._next_status = self._frames + STATUS_FRAMES
