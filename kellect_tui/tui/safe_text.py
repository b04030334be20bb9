"""The safe text of the whole program, by the name that the screen's modules know."""

from kellect_tui.safe_text import fit, safe_text

__all__ = ["fit", "safe_text"]
