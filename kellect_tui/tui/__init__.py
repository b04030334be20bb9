"""The screen over a session."""

from kellect_tui.starting import load_asyncio

load_asyncio()  # before anything else imports it
