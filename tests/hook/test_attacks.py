"""Helpdesks that meddle with each other, words that pose as the hook's, rights not given."""

import os
import pwd
import time

import pytest

from gateway.hook.drain import drain
from gateway.hook.trying import resolved
from gateway.hook.trying import test_alarm as made_test_alarm
from parsers.alarm import Mode
from parsers.alarm_document import write_alarm
from tests.hook.site import HELPDESK, Signer, Site, alarm

OTHER = "other.example.org"
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def other(site: Site) -> Signer:
    """The key of a second helpdesk that may raise alarms here, too."""
    signer = Signer()
    site.extra = f'[helpdesk."{OTHER}"]\nkeys = {{ "{signer.kid}" = "{signer.public}" }}'
    site.write()
    return signer


def go(site: Site) -> None:
    drain(site.hook(), time.monotonic() + 20)


def reasons(site: Site) -> list[str]:
    return [why for _, why in site.hook().spool.set_aside_mails()]


def test_a_helpdesk_signs_for_itself_only(site: Site, other: Signer) -> None:
    site.keep(other.mail(alarm()))
    text = write_alarm(alarm())
    site.keep(site.signer.mail(text, f"{site.signer.kid}:{other.signature(text).split(':')[1]}"))
    go(site)
    assert sorted(reasons(site)) == [
        "of a helpdesk whose key did not sign it", "the signature does not hold"
    ]  # fmt: skip
    assert site.shown() == []


def test_a_signature_of_each_of_two_helpdesks_gives_the_document_to_its_own(
    site: Site, other: Signer
) -> None:
    text = write_alarm(alarm())
    site.keep(site.signer.mail(text, f"{other.signature(text)}\n{site.signer.signature(text)}"))
    go(site)
    assert [line.split()[0] for line in site.shown()] == [f"{HELPDESK}/900001"]


def test_a_test_does_not_become_a_real_alarm(site: Site) -> None:
    tested = alarm(mode=Mode.TEST)
    text = write_alarm(tested)
    raised = text.replace('"mode": "test"', '"mode": "actual"')
    assert raised != text
    site.keep(site.signer.mail(raised, site.signer.signature(text)))
    site.keep(site.signer.mail(f"{text[:-1]},{raised[1:]}", site.signer.signature(text)))
    go(site)
    assert set(reasons(site)) == {"the signature does not hold"}
    assert site.shown() == []


def test_a_ticket_number_that_two_helpdesks_have_is_not_guessed(site: Site, other: Signer) -> None:
    site.keep(site.signer.mail(alarm()))
    site.keep(other.mail(alarm(alarm_id=f"{OTHER}/900001", reply_to="reply@other.example.org")))
    go(site)
    done = site.run("ack", "900001")
    assert (done.returncode, f"{OTHER}/900001".encode() in done.stderr) == (3, True)
    assert site.run("ack", f"{OTHER}/900001").returncode == 0
    assert site.events() == ["receipt"]


def test_a_summary_makes_no_line_in_the_status(site: Site) -> None:
    site.keep(site.signer.mail(alarm(summary="x\nall is well\n\x1b[2J\u202e")))
    go(site)
    said = site.run("status").stdout.decode()
    assert [line for line in said.splitlines() if line.startswith("all is")] == ["all is well"]
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_who_may_write_the_configuration_gets_no_rights_of_root(site: Site) -> None:
    site.program("whoami", "#!/bin/sh\nid -u > {place}/ran.$$\n")
    for path in (site.place, site.place / "sent"):
        path.chmod(0o777)
    site.directory.mkdir(mode=0o777)  # of root, as the configuration wants it
    site.directory.chmod(0o777)
    site.file.write_text(site.file.read_text().replace("/mon", "/whoami"))
    os.chown(site.file, NOBODY.pw_uid, NOBODY.pw_gid)
    assert site.run("test").returncode == 0
    ran = {path.read_text().strip() for path in site.place.glob("ran.*")}
    assert ran == {str(NOBODY.pw_uid)}


def test_the_two_documents_of_a_test_are_two_for_a_service_that_drops_repeats(site: Site) -> None:
    hook = site.hook()
    fired = made_test_alarm(hook, page=True)
    over = resolved(hook, fired)
    assert fired.mode is Mode.EXERCISE
    assert fired.event_id != over.event_id
