"""The helpdesk's sign of life, and what its absence does."""

import time
from datetime import timedelta

import pytest

from gateway.hook.drain import drain, prune
from parsers.alarm import AlarmEvent, AlarmStatus, Mode
from tests.hook.site import HELPDESK, Site, alarm, utc

LOCAL = f"{HELPDESK}/heartbeat"


def go(site: Site) -> None:
    drain(site.hook(), time.monotonic() + 20)


def test_a_heartbeat_of_each_of_two_sites_is_answered(site: Site) -> None:
    for name in ("T1-EX", "T2-EX"):
        issued = alarm(event=AlarmEvent.HEARTBEAT, alarm_id=LOCAL, site=name, mode=Mode.TEST)
        site.keep(site.signer.mail(issued))
    go(site)
    assert site.events() == ["receipt", "receipt"]


@pytest.mark.parametrize("what", ["the watch began", "a sign came"])
def test_a_clock_that_was_ahead_does_not_end_the_watch(site: Site, what: str) -> None:
    site.clock = timedelta(days=900) if what == "the watch began" else timedelta()
    go(site)
    site.clock = timedelta()
    if what == "a sign came":
        ahead = utc() + timedelta(days=900)
        one = alarm(issued_at=ahead, expires_at=ahead, status=AlarmStatus.RESOLVED)
        site.keep_at(site.signer.mail(one), timedelta(days=900))
    go(site)
    site.clock = timedelta(hours=27)
    go(site)
    assert site.shown()[-1] == f"{LOCAL} 1 firing actual 1"


def beat(site: Site, seq: int = 1) -> None:
    at = utc() + site.clock + timedelta(seconds=seq)
    issued = alarm(
        seq, event=AlarmEvent.HEARTBEAT, alarm_id=LOCAL, issued_at=at, expires_at=at,
        status=AlarmStatus.RESOLVED,
    )  # fmt: skip
    site.keep(site.signer.mail(issued))
    go(site)


def test_each_heartbeat_is_receipted_even_when_its_count_stands_still(site: Site) -> None:
    beat(site)
    site.clock = timedelta(seconds=5)
    beat(site)
    assert site.events() == ["receipt", "receipt"]
    assert site.shown() == []


def test_silence_is_an_alarm_of_the_sites_own_and_ends_with_a_sign(site: Site) -> None:
    go(site)
    site.clock = timedelta(hours=25)
    go(site)
    assert site.shown() == []
    site.clock = timedelta(hours=27)
    go(site)
    go(site)
    assert site.shown() == [f"{LOCAL} 1 firing actual 1"]
    assert site.sent() == []  # nobody is there to be answered
    site.clock = timedelta()
    beat(site)
    go(site)
    assert site.shown()[-1] == f"{LOCAL} 2 resolved actual 0"
    assert site.events() == ["receipt"]


def test_an_alarm_is_a_sign_of_life_too(site: Site) -> None:
    go(site)
    site.keep_at(site.signer.mail(alarm()), timedelta(hours=2))
    site.clock = timedelta(hours=27)
    go(site)
    assert not any(LOCAL in line for line in site.shown())


def test_it_is_raised_again_after_a_second_silence(site: Site) -> None:
    go(site)
    site.clock = timedelta(hours=27)
    go(site)
    site.clock = timedelta()
    beat(site)
    site.clock = timedelta(hours=27)
    go(site)
    assert [line.split()[1:3] for line in site.shown()] == [
        ["1", "firing"], ["2", "resolved"], ["3", "firing"]
    ]  # fmt: skip


def test_a_helpdesk_that_sends_none_is_not_watched(site: Site) -> None:
    text = site.file.read_text().replace("keys = {", "silent_hours = 0\nkeys = {")
    site.file.write_text(text)
    go(site)
    site.clock = timedelta(weeks=9)
    go(site)
    assert site.shown() == []


def test_the_last_sign_is_never_forgotten(site: Site) -> None:
    beat(site)
    site.clock = timedelta(weeks=20)
    prune(site.hook())
    assert [name.partition(",")[0] for name in site.names("alarms")] == [f"heartbeat:{HELPDESK}"]
