"""`python -m kellect_tui`."""

from kellect_tui.cli import main

main()
