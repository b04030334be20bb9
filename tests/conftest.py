"""What all tests share: where BPF is, and what a test that needs it does where it is not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import settings

from kellect_tui.bpf.btf import VMLINUX
from kellect_tui.bpf.privileges import may_trace

# A deadline for one example would be a timing assertion: on a busy machine it fails what is right.
settings.register_profile("kellect", deadline=None)
settings.load_profile("kellect")


def why_no_bpf() -> str:
    """Why the probes cannot be loaded here; empty where they can."""
    if not may_trace():
        return "needs root (CAP_BPF, CAP_PERFMON)"
    if not VMLINUX.exists():
        return f"needs {VMLINUX}"
    try:
        import bcc  # noqa: F401  # whether it is there is the question
    except ImportError:
        return "needs BCC (apt install python3-bpfcc)"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `bpf` where BPF is not; with KELLECT_REQUIRE_BPF=1 they run, and fail."""
    reason = why_no_bpf()
    if not reason or os.environ.get("KELLECT_REQUIRE_BPF") == "1":
        return
    for item in items:
        if item.get_closest_marker("bpf"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True, scope="session")
def utc() -> Iterator[None]:
    """Local time is UTC in all tests."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
