"""Runs view-building jobs: the small ones at once, the others on a thread, one of a kind at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from textual.message import Message

from kellect_tui.priority import be_ordinary
from kellect_tui.tui.views import Job

SHOW_AFTER = 0.2
"""Seconds after which a job that still runs shows how far it is."""


class JobEnded(Message):
    """A job's thread is through: finished, cancelled or failed."""

    def __init__(self, job: Job, error: Exception | None) -> None:
        super().__init__()
        self.job = job
        self.error = error


class Owner(Protocol):
    """Whose threads they are: a widget, or the screen."""

    def run_worker(self, work: Callable[[], None], *, group: str, thread: bool) -> object:
        """Do it on a thread."""
        ...

    def post_message(self, message: Message) -> bool:
        """Handle a message; may be called on any thread."""
        ...


class Jobs:
    """The jobs of one screen.

    Args:
        owner: Whose workers the threads are; gets a `JobEnded` for each.
        finished: Called on the screen's thread with each job that was finished and is still wanted.
    """

    def __init__(self, owner: Owner, finished: Callable[[Job], None]) -> None:
        self._owner = owner
        self._finished = finished
        self._running: Job | None = None

    @property
    def running(self) -> Job | None:
        """The job that is being built on a thread."""
        return self._running

    @property
    def slow(self) -> Job | None:
        """The running job, once it has lasted so long that its progress is to be seen."""
        job = self._running
        return job if job is not None and time.perf_counter() - job.started > SHOW_AFTER else None

    def start(self, job: Job, *, here: bool) -> None:
        """Build a view: `here` at once, unless it must wait, else on a thread; whatever was being built is given up."""
        self.cancel()
        if here and job.opening is None:
            job.run()
            self._finished(job)
            return
        self._running = job
        self._owner.run_worker(partial(self._work, job), thread=True, group="jobs")

    def hand_over(self, job: Job) -> None:
        """Treat a job that was finished before as one that is finished now: it is wanted for something else."""
        self._finished(job)

    def cancel(self) -> Job | None:
        """Give up what is being built; returns it."""
        job, self._running = self._running, None
        if job is not None:
            job.cancelled.set()
        return job

    def ended(self, message: JobEnded) -> None:
        """A thread is through. A job that failed ends the program visibly: it is a fault of ours."""
        if message.job is not self._running:
            return
        self._running = None
        if message.error is not None:
            raise message.error
        if message.job.seconds is not None:
            self._finished(message.job)

    def _work(self, job: Job) -> None:
        """On a thread: only posts a message."""
        be_ordinary()
        error: Exception | None = None
        try:
            job.run()
        except Exception as caught:
            error = caught  # raised again on the screen's thread
        self._owner.post_message(JobEnded(job, error))
