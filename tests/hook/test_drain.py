"""From the spool to the sinks and back to the helpdesk, in one process with a clock of its own."""

import os
import time
from datetime import timedelta
from typing import Any

import pytest

from gateway.hook.drain import drain, prune
from parsers.alarm import Alarm, AlarmEvent, AlarmStatus, Mode
from parsers.alarm_document import write_alarm
from tests.hook.site import HELPDESK, REPLY_TO, Signer, Site, alarm, utc

ID = f"{HELPDESK}/900001"
RESOLVED = {"event": AlarmEvent.RESOLVE, "status": AlarmStatus.RESOLVED}


def go(site: Site, **options: bool) -> None:
    drain(site.hook(), time.monotonic() + 20, **options)


def take(site: Site, *alarms: Alarm, signer: Signer | None = None) -> None:
    for one in alarms:
        site.keep((signer or site.signer).mail(one))
    go(site)


def test_overtaken_documents_change_nothing(site: Site) -> None:
    take(site, alarm(3, **RESOLVED), alarm(1), alarm(2))
    assert site.shown() == [f"{ID} 3 resolved actual 0"]
    assert site.events() == ["receipt"]
    assert site.names("quarantine") == []


def test_the_same_mail_again_shows_and_answers_nothing(site: Site) -> None:
    one = alarm()
    take(site, one, one)
    take(site, one)
    assert len(site.shown()) == 1
    assert site.events() == ["receipt"]
    assert site.names("new") == site.names("quarantine") == []


def test_each_document_is_shown_and_receipted(site: Site) -> None:
    for one in (alarm(1), alarm(2), alarm(3, **RESOLVED)):
        take(site, one)
    assert [line.split()[1:3] for line in site.shown()] == [
        ["1", "firing"], ["2", "firing"], ["3", "resolved"]
    ]  # fmt: skip
    assert site.events() == ["receipt"] * 3


def test_a_sink_hears_of_all_open_alarms(site: Site) -> None:
    take(site, alarm(1))
    take(site, alarm(1, alarm_id=f"{HELPDESK}/900002", ticket="900002"))
    assert site.shown()[-1].split()[-1] == "2"


REFUSED: dict[str, dict[str, Any]] = {
    "for another site": {"site": "T1-EY"},
    "expired": {"expires_at": utc() - timedelta(hours=1)},
    "from the future": {"issued_at": utc() + timedelta(hours=1)},
    "of a helpdesk whose key did not sign it": {"alarm_id": "other.example.org/1"},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_refused_is_set_aside_and_the_admin_told_once(site: Site, reason: str) -> None:
    take(site, alarm(1, **REFUSED[reason]))
    take(site, alarm(2, **REFUSED[reason]))
    assert site.shown() == []
    assert site.sent() == []
    assert len([one for one in site.names("quarantine") if one.endswith(".eml")]) == 2
    told = site.sent("admin@site.example.com")
    assert len(told) == 1
    assert reason in told[0]
    assert "Auto-Submitted: auto-generated" in told[0]
    assert REPLY_TO not in told[0]
    assert site.hook().spool.set_aside_mails()[0][1] == reason
    assert site.names("alarms") == []


def test_signatures_that_do_not_hold_have_reasons(site: Site) -> None:
    text = site.signer.mail(alarm())
    forged = Signer(kid=site.signer.kid)
    for raw in (
        forged.mail(alarm()), Signer(kid="stray").mail(alarm()), site.signer.mail(alarm(), ""),
        text.replace(b'"critical"', b'"minor"'), b"Subject: hello\n\nIs anybody there?\n",
    ):  # fmt: skip
        site.keep(raw)
    go(site)
    reasons = [reason for _, reason in site.hook().spool.set_aside_mails()]
    assert reasons == [
        "the signature does not hold", "signed by an unknown key", "no signature",
        "the signature does not hold", "no alarm document",
    ]  # fmt: skip
    assert site.shown() == []


def test_a_document_of_a_later_version_is_not_guessed(site: Site) -> None:
    text = write_alarm(alarm()).replace("alarm:1", "alarm:2")
    site.keep(site.signer.mail(text))
    go(site)
    assert site.hook().spool.set_aside_mails()[0][1] == "the document cannot be read"


def test_two_keys_hold_while_they_are_changed(site: Site) -> None:
    new = Signer()
    more = f'keys = {{ "{new.kid}" = "{new.public}", '
    config = site.file.read_text().replace("keys = {", more)
    site.file.write_text(config)
    take(site, alarm(1))
    take(site, alarm(2), signer=new)
    assert len(site.shown()) == 2


def test_a_replayed_nonce_is_refused(site: Site) -> None:
    one = alarm(1)
    take(site, one)
    take(site, alarm(2, nonce=one.nonce))
    assert site.hook().spool.set_aside_mails()[0][1] == "its nonce was used before"


def test_a_count_that_went_back_is_said_aloud(site: Site) -> None:
    take(site, alarm(5, issued_at=utc() - timedelta(minutes=5)))
    take(site, alarm(2))
    assert site.hook().spool.set_aside_mails()[0][1] == "its sequence went back"
    assert len(site.sent("admin@site.example.com")) == 1


def test_a_test_ends_at_the_hook(site: Site) -> None:
    take(site, alarm(1), alarm(7, mode=Mode.TEST))
    take(site, alarm(2))
    assert [line.split()[1] for line in site.shown()] == ["1", "2"]
    assert site.events() == ["receipt"] * 3


def test_an_exercise_goes_all_the_way(site: Site) -> None:
    take(site, alarm(1, mode=Mode.EXERCISE))
    assert site.shown() == [f"{ID} 1 firing exercise 1"]


def test_what_killed_processes_leave_is_swept_away(site: Site) -> None:
    take(site, alarm(1))
    (state,) = (site.directory / "alarms").iterdir()
    left = [
        site.directory / "verify-abc", site.directory / "new" / ".1.writing",
        site.directory / "outbox" / ".2.writing", state / ".3.writing",
    ]  # fmt: skip
    left[0].mkdir()
    (left[0] / "key").write_text("x")
    for path in left[1:]:
        path.write_text("x")
    prune(site.hook())
    take(site, alarm(2))
    assert all(path.exists() for path in left)
    for path in left:
        os.utime(path, (0, 0))
    prune(site.hook())
    take(site, alarm(3))
    assert not any(path.exists() for path in left)


def test_resolved_alarms_are_forgotten_after_weeks(site: Site) -> None:
    take(site, alarm(1), alarm(1, alarm_id=f"{HELPDESK}/2", ticket="2", **RESOLVED))
    prune(site.hook())
    assert len(site.names("alarms")) == 2
    site.clock = timedelta(weeks=6, minutes=1)
    prune(site.hook())
    assert site.names("alarms") == [f"{HELPDESK},900001"]


def test_the_quarantine_is_bounded(site: Site) -> None:
    site.extra = "[limits]\nquarantine_mails = 3"
    site.write()
    for number in range(5):
        site.keep(b"Subject: %d\n\n" % number)
    go(site)
    prune(site.hook())
    kept = [path.read_bytes() for path, _ in site.hook().spool.set_aside_mails()]
    assert kept == [b"Subject: %d\n\n" % number for number in (2, 3, 4)]
    assert len(site.names("quarantine")) == 6
    site.clock = timedelta(days=31)
    prune(site.hook())
    assert site.names("quarantine") == []
