"""What is said on standard error: to a person, who may have closed the terminal meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


def tell(text: str) -> None:
    """Say a line; where nobody hears it any more, nothing is said from now on."""
    _say(text, nl=True)


def tell_bytes(data: bytes) -> None:
    """The same of bytes as they are."""
    _say(data, nl=False)


def _say(what: str | bytes, *, nl: bool) -> None:
    with if_heard():
        click.echo(what, nl=nl, err=True)


@contextmanager
def if_heard() -> Iterator[None]:
    """Say something in the block, in whatever way."""
    try:
        yield
    except OSError:  # EIO: the terminal is gone; EPIPE: the reader; ENOSPC: a full disk
        _forget()


def _forget() -> None:
    """What is still buffered would fail again when Python ends, and change the exit status."""
    if sys.stderr is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)
