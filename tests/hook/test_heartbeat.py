"""The helpdesk's sign of life, and what its absence does."""

import time
from datetime import timedelta

from gateway.hook.drain import drain, prune
from parsers.alarm import AlarmEvent, AlarmStatus
from tests.hook.site import HELPDESK, Site, alarm, utc

LOCAL = f"{HELPDESK}/heartbeat"


def go(site: Site) -> None:
    drain(site.hook(), time.monotonic() + 20)


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
