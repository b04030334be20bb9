"""Live monitor of what programs do to a Linux machine."""

__version__ = "0.1.0"
