"""Both halves with real systems: a signed mail in, monitoring, a person, an answer out."""

import os
import pwd
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from running import until

from gateway.hook.drain import drain
from parsers.alarm import AlarmEvent, AlarmStatus
from tests.hook.site import HELPDESK, Site, alarm
from tests.monitoring.alertmanager import Alertmanager
from tests.monitoring.nagios import Nagios
from tests.monitoring.programs import SITE

ID = f"{HELPDESK}/900001"


@pytest.fixture
def alertmanager(place: Path) -> Iterator[Alertmanager]:
    home = place / "am"
    home.mkdir()
    server = Alertmanager(home)
    server.start()
    yield server
    server.close()


@pytest.fixture
def nagios(place: Path) -> Iterator[Nagios]:
    home = place / "nagios"
    home.mkdir(mode=0o755)
    server = Nagios(home)
    server.start()
    yield server
    server.stop()


def sink(site: Site, lines: str) -> None:
    text = site.file.read_text()
    begin, end = text.index("[[sink]]"), text.index("]\n", text.index("command =")) + 2
    site.file.write_text(f"{text[:begin]}[[sink]]\n{lines}\n{text[end:]}")


def test_an_alertmanager_that_forgot_is_told_again_and_its_silence_is_an_ack(
    site: Site, alertmanager: Alertmanager
) -> None:
    sink(site, f'kind = "alertmanager"\nurl = "{alertmanager.url}"')
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert len(alertmanager.alerts(ID)) == 1
    assert site.events() == ["receipt"]
    alertmanager.stop()
    alertmanager.start()
    assert alertmanager.alerts(ID) == []
    site.run("flush")
    assert alertmanager.alerts(ID) == []
    site.run("resync")
    assert len(alertmanager.alerts(ID)) == 1
    alertmanager.silence(ID, "Olga Op", "we look")

    def asked() -> bool:
        site.run("resync")
        return len(site.events()) > 1

    until(asked, "the silence is heard", 30)
    site.run("resync")
    assert site.events() == ["receipt", "ack"]
    assert "By: Olga Op" in site.sent()[1]
    gone = alarm(2, event=AlarmEvent.RESOLVE, status=AlarmStatus.RESOLVED)
    site.deliver(site.signer.mail(gone))
    assert alertmanager.alerts(ID) == []
    assert site.events() == ["receipt", "ack", "receipt"]


def test_a_monitoring_that_was_stopped_has_the_alarm_after_its_start(
    site: Site, alertmanager: Alertmanager
) -> None:
    sink(site, f'kind = "alertmanager"\nurl = "{alertmanager.url}"')
    alertmanager.stop()
    site.deliver(site.signer.mail(alarm()))
    assert site.events() == []
    alertmanager.start()
    site.clock = timedelta(minutes=1)
    drain(site.hook(), time.monotonic() + 20)
    assert len(alertmanager.alerts(ID)) == 1
    assert site.events() == ["receipt"]


def test_an_operator_of_nagios_acknowledges_and_the_helpdesk_hears_it(
    site: Site, nagios: Nagios
) -> None:
    """Nagios calls `notify` itself, by the lines that `init` prints, as its own user."""
    user = pwd.getpwnam("nobody")  # as the test's Nagios runs
    assert SITE == "T1-EX"
    sink(
        site,
        f'kind = "nagios"\ncommand_file = "{nagios.command_file}"\n'
        f'status_file = "{nagios.status_file}"',
    )
    for path in (site.place, site.place / "sent"):
        path.chmod(0o777)
    site.directory.mkdir(mode=0o700)
    os.chown(site.directory, user.pw_uid, user.pw_gid)
    nagios.recorder.path.write_text(f'#!/bin/sh\nexec {" ".join(site.command())} "$@"\n')
    assert site.deliver(site.signer.mail(alarm()), user="nobody", group="nogroup") == 0
    assert nagios.service()["current_state"] == "2"
    assert site.events() == ["receipt"]
    nagios.command(f"ACKNOWLEDGE_SVC_PROBLEM;{SITE};alarm-tickets;2;1;1;Olga Op;we look")
    until(lambda: len(site.events()) > 1, f"the answer; {nagios.log()}", 30)
    assert site.events() == ["receipt", "ack"]
    assert "By: Olga Op" in site.sent()[1]
    assert "we look" in site.sent()[1]
    assert f"Alarm-Id: {ID}" in site.sent()[1]
    gone = alarm(2, event=AlarmEvent.RESOLVE, status=AlarmStatus.RESOLVED)
    site.deliver(site.signer.mail(gone), user="nobody", group="nogroup")
    until(lambda: nagios.service()["current_state"] == "0", "it is good again", 30)
    assert site.events() == ["receipt", "ack", "receipt"]  # no resolve for what is resolved
