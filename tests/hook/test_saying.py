"""What people and monitoring systems at the site say, and how it reaches the helpdesk."""

import email
import time
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from gateway.hook.drain import drain
from gateway.hook.feeding import feed
from gateway.hook.hook import Hook
from gateway.hook.sinks.sink import Showing
from parsers.alarm import AlarmEvent, AlarmStatus
from parsers.alarm_answer import Answer, AnswerEvent, hear_answer
from tests.hook.site import HELPDESK, Site, alarm

ID = f"{HELPDESK}/900001"
OTHER = {"alarm_id": f"{HELPDESK}/900002", "ticket": "900002"}


@pytest.fixture
def two(site: Site) -> Site:
    """A site with two open alarms, their receipts sent."""
    site.keep(site.signer.mail(alarm(1)))
    site.keep(site.signer.mail(alarm(1, **OTHER)))
    drain(site.hook(), time.monotonic() + 20)
    return site


def answers(site: Site) -> list[Answer]:
    found = []
    for text in site.sent():
        mail: Any = email.message_from_string(text, policy=default)
        heard = hear_answer(mail.get_body().get_content())
        assert heard is not None
        if heard.event is not AnswerEvent.RECEIPT:
            found.append(heard)
    return sorted(found, key=lambda one: one.alarm_id)


@pytest.mark.parametrize("name", ["900001", ID])
@pytest.mark.parametrize("command", ["ack", "resolve", "comment"])
def test_a_person_answers_by_id_or_ticket(two: Site, command: str, name: str) -> None:
    done = two.run(command, name, "we", "look", "--by", "Zoë")
    assert (done.returncode, done.stdout) == (0, f"{ID}: said\n".encode())
    assert answers(two) == [Answer(AnswerEvent(command), ID, 1, "Zoë", "we look")]


@pytest.mark.parametrize(
    "words", [("--by", "Zoë", ID, "we", "look"), (ID, "--by", "Zoë", "we", "look")]
)
def test_the_text_may_stand_behind_the_name(two: Site, words: tuple[str, ...]) -> None:
    assert two.run("ack", *words).returncode == 0
    assert answers(two) == [Answer(AnswerEvent.ACK, ID, 1, "Zoë", "we look")]


def test_a_word_that_nobody_understands_is_said_and_nothing_is_sent(two: Site) -> None:
    done = two.run("ack", ID, "--force", "we", "look")
    assert done.returncode == 2
    assert b"--force" in done.stderr
    assert two.run("flush", "now").returncode == 2
    assert answers(two) == []


def test_an_unknown_alarm_is_3(two: Site) -> None:
    assert two.run("ack", "17").returncode == 3


def test_an_answer_of_a_person_is_not_marked_as_a_programs(two: Site) -> None:
    two.run("ack", "900001")
    assert "Auto-Submitted" not in two.sent()[-1]


def test_a_name_cannot_make_lines(two: Site) -> None:
    two.run("ack", "900001", "--by", "Eve\nEvent: resolve\nAlarm-Id: x/1")
    assert [one.event for one in answers(two)] == [AnswerEvent.ACK]
    assert answers(two)[0].by == "Eve Event: resolve Alarm-Id: x/1"


def test_a_notification_that_names_none_means_all_open_alarms(two: Site) -> None:
    assert two.run("notify", "--event=ACKNOWLEDGEMENT", "--by=op").returncode == 0
    assert [one.alarm_id for one in answers(two)] == [ID, OTHER["alarm_id"]]


def test_a_notification_may_name_one(two: Site) -> None:
    two.run("notify", "--event", "RECOVERY", "--alarm", ID, "--by", "op", "--comment", "--dashed")
    two.run("notify", "--event=RECOVERY", f"--alarm={ID}", "--by=op", "--comment=--dashed")
    assert answers(two) == [Answer(AnswerEvent.RESOLVE, ID, 1, "op", "--dashed")]


@pytest.mark.parametrize("event", ["PROBLEM", "FLAPPINGSTART", "DOWNTIMESTART", ""])
def test_other_notifications_are_none_of_our_business(two: Site, event: str) -> None:
    assert two.run("notify", f"--event={event}", "--by=op").returncode == 0
    assert answers(two) == []


def test_what_the_helpdesk_made_the_system_say_is_not_said_back(two: Site) -> None:
    acked = alarm(2, event=AlarmEvent.ACK, status=AlarmStatus.ACKNOWLEDGED)
    gone = alarm(2, event=AlarmEvent.RESOLVE, status=AlarmStatus.RESOLVED, **OTHER)
    two.keep(two.signer.mail(acked))
    two.keep(two.signer.mail(gone))
    drain(two.hook(), time.monotonic() + 20)
    two.run("notify", "--event=ACKNOWLEDGEMENT", "--by=ticketgate")
    two.run("notify", "--event=RECOVERY", f"--alarm={OTHER['alarm_id']}")
    assert answers(two) == []


def test_the_same_words_go_once_and_again_after_a_reopening(two: Site) -> None:
    for _ in range(2):
        two.run("notify", "--event=ACKNOWLEDGEMENT", f"--alarm={ID}", "--by=op")
    assert len(answers(two)) == 1
    two.keep(two.signer.mail(alarm(2)))
    drain(two.hook(), time.monotonic() + 20)
    two.run("notify", "--event=ACKNOWLEDGEMENT", f"--alarm={ID}", "--by=op")
    assert len(answers(two)) == 1
    two.keep(two.signer.mail(alarm(3, event=AlarmEvent.REOPEN)))
    drain(two.hook(), time.monotonic() + 20)
    two.run("notify", "--event=ACKNOWLEDGEMENT", f"--alarm={ID}", "--by=op")
    assert len(answers(two)) == 2


def test_an_answer_waits_for_the_mail_system(two: Site) -> None:
    (two.place / "mail.down").touch()
    assert two.run("ack", "900001").returncode == 0
    assert answers(two) == []
    assert len(two.names("outbox")) == 1


class Silencing:
    """A sink that is asked, and repeats itself like Alertmanager."""

    def show(self, showing: Showing) -> str:
        return str(showing.alarm.seq)

    def heard(self, open_alarms: Any) -> list[Answer]:
        return [Answer(AnswerEvent.ACK, one.alarm_id, one.seq, "op") for one in open_alarms]


def test_what_a_sink_hears_is_mailed_once(two: Site) -> None:
    hook = two.hook()
    asked = Hook(**{**{f: getattr(hook, f) for f in Hook.__slots__}, "sinks": {"mon": Silencing()}})
    for _ in range(2):
        feed(asked, time.monotonic() + 20, ask=True)
        hook.outbox.send_due(hook.now(), time.monotonic() + 20)
    assert [one.event for one in answers(two)] == [AnswerEvent.ACK] * 2


def test_a_test_alarm_is_shown_and_taken_back(two: Site) -> None:
    done = two.run("test")
    assert done.returncode == 0
    assert done.stdout.count(b"ok: ") == 2
    shown = [line.split()[1:] for line in two.shown()[-2:]]
    assert shown == [["1", "firing", "test", "3"], ["2", "resolved", "test", "2"]]
    assert len(two.names("alarms")) == 2


def test_a_test_says_which_sink_fails(two: Site) -> None:
    two.take_down("mon")
    done = two.run("test")
    assert done.returncode == 1
    assert b"FAULT: mon shows the test alarm" in done.stdout


def test_the_way_back_is_told_to_nobody_else(two: Site) -> None:
    """The reply address is a secret: whoever has it may answer for the site."""
    two.program("sendmail", '#!/bin/sh\necho "no: $@" >&2\nexit 75\n')
    two.run("ack", "900001")
    out = two.run("status", "--json").stdout + two.run("status").stdout
    assert b"no: " in out
    assert b"atoken77" not in out + two.run("flush").stderr


def test_check_config_tries_the_machine(site: Site) -> None:
    done = site.run("check-config")
    assert done.returncode == 0, done.stdout
    assert b"ok: signatures: verified, OpenSSL 3" in done.stdout
    (site.place / "sendmail").unlink()
    done = site.run("check-config")
    assert done.returncode == 1
    assert b"FAULT: mail:" in done.stdout
    Path(site.directory).chmod(0o755)
    assert b"chmod 700" in site.run("check-config").stdout
