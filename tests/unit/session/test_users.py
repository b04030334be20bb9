"""Names of user ids."""

from __future__ import annotations

import os
import pwd

import pytest

from kellect_tui.session.users import MOST_NAMES, UserNames


def test_each_id_is_looked_up_once() -> None:
    asked: list[int] = []

    def lookup(uid: int) -> str | None:
        asked.append(uid)
        return {0: "root"}.get(uid)

    names = UserNames(lookup)
    assert [names(0), names(0), names(7), names(7)] == ["root", "root", None, None]
    assert asked == [0, 7]
    assert names.known() == {0: "root", 7: None}


def test_this_hosts_names() -> None:
    assert UserNames()(os.geteuid()) == pwd.getpwuid(os.geteuid()).pw_name
    assert UserNames()(0xFFFF_FFFE) is None or isinstance(UserNames()(0xFFFF_FFFE), str)


def test_a_name_that_is_no_utf8_is_written_as_those_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd((os.fsdecode(b"ann\xe9 \\"), "x", 7, 7, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: entry)
    assert UserNames()(7) == "ann\\xe9 \\\\"


def test_recorded_names_are_never_looked_up_here() -> None:
    names = UserNames.recorded({1000: "somebody"})
    assert (names(1000), names(0)) == ("somebody", None)


def test_a_program_that_is_every_user_does_not_fill_the_memory() -> None:
    names = UserNames(str)
    assert [names(uid) for uid in range(3 * MOST_NAMES)] == [str(uid) for uid in range(3 * MOST_NAMES)]
    assert len(names.known()) <= MOST_NAMES
