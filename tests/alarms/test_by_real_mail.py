"""Alarms on their whole way: a signed mail, a real Postfix, a real name server, the whole daemon.

The alarmers of the VO are believed by DKIM and by certificate; a forger who writes the same words
is not, whatever he writes into the header.
"""

import email
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from running import Helpdesk, until

from tests.postfix.postfix import Postfix, why_not
from tests.proofs.keys import signed
from tests.proofs.mails import mail as plain_mail
from tests.proofs.nameserver import NameServer
from tests.smime.authority import ALBA, authority, key, person, signed_mail, trust_directory

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),  # honest without root; red under CI
    pytest.mark.xdist_group("postfix"),
]

ALARM = "alarm@helpdesk.example"
PAGER = "alarm@fzk.example"
BLOCK = "Alarm: helpdesk.example\r\nSite: FZK-LCG2\r\nVO: atlas\r\n\r\nAll transfers dead.\r\n"
TEXT_HEAD = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
MEMBERS = """
[[member]]
name = "Ada Alarm"
addresses = ["ada@vo.example"]
vo = "atlas"
roles = ["alarm"]

[[member]]
name = "Alba Alarm"
certificates = ["{subject}"]
vo = "atlas"
roles = ["alarm"]
"""


class Federation:
    """Our daemon behind a Postfix, with a name server and a certificate authority."""

    def __init__(self, place: Path, nsd: NameServer) -> None:
        root = authority()
        self.alba = person(root)
        anchors = trust_directory(place / "anchors", root)
        self.forger = person(authority(secret=key("ec", 150)))  # the same names, another key
        proof = f'[dns]\nservers = ["127.0.0.1"]\nport = {nsd.port}\n[proof]\nanchors = "{anchors}"'
        desk = place / "desk"
        desk.mkdir()
        subject = "/" + "/".join(
            f"{part.rfc4514_attribute_name}={part.value!s}" for part in self.alba.cert.subject
        )
        member = '[[member]]\nname = "Anna Alarmer"'
        self.desk = Helpdesk(
            desk,
            {
                "[store]": f"{proof}\n\n[store]",
                member: MEMBERS.format(subject=subject) + "\n" + member,
            },
        )
        self.desk.start()
        self.mta = Postfix(place / "mta", self.desk.smtp)
        self.mta.start()

    def stop(self) -> None:
        """Stop all that was started."""
        self.mta.stop()
        self.desk.stop()

    def hand_over(self, raw: bytes, mail_from: str) -> dict[str, Any]:
        """Send a mail through Postfix; return what became of it."""
        before = len(self.desk.listing("mails"))
        with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=30) as client:
            client.sendmail(mail_from, [ALARM], raw)
        rows: list[dict[str, Any]] = self.desk.settled(before + 1)
        return max(rows, key=lambda row: int(row["mail"]))

    def pages(self) -> list[EmailMessage]:
        """Return the alarm mails that have left."""
        sent = (path.read_bytes() for path in self.desk.outgoing())
        read = (email.message_from_bytes(one, policy=default) for one in sent)
        return [one for one in read if one["To"] == PAGER]


@pytest.fixture
def federation(place: Path, nsd: NameServer) -> Iterator[Federation]:
    made = Federation(place, nsd)
    yield made
    made.stop()


def test_alarmers_page_by_dkim_and_by_certificate_and_the_forger_does_not(
    federation: Federation,
) -> None:
    forged = plain_mail(body=BLOCK, Message_ID="<forged@vo.example>")
    by_dkim = signed(plain_mail(body=BLOCK, Message_ID="<real@vo.example>"))
    changed = by_dkim.replace(b"All transfers dead.", b"All transfers fine.").replace(
        b"<real@vo.example>", b"<changed@vo.example>"
    )
    for raw in (forged, changed):
        row = federation.hand_over(raw, "ada@vo.example")
        assert row["outcome"] == "held", row
        assert "alarm wanted, not proven" in row["reasons"]
    assert federation.pages() == []

    row = federation.hand_over(by_dkim, "ada@vo.example")
    assert (row["outcome"], row["reasons"][0]) == ("new", "proven by DKIM")
    until(lambda: len(federation.pages()) == 1, f"the page {federation.desk.tail()}")

    content = TEXT_HEAD + BLOCK.encode()
    row = federation.hand_over(signed_mail(federation.forger, content=content), ALBA)
    assert row["outcome"] == "held", row
    row = federation.hand_over(signed_mail(federation.alba, content=content), ALBA)
    assert (row["outcome"], row["reasons"][0]) == ("new", "proven by S/MIME")
    until(lambda: len(federation.pages()) == 2, f"the second page {federation.desk.tail()}")

    tickets = federation.desk.listing("tickets")
    assert [one["kind"] for one in tickets].count("ALARM") == 2
    assert [one["held"] for one in tickets].count("alarm wanted, not proven") == 3
    story = federation.desk.listing("tickets", str(row["tickets"][0]))[0]
    (evidence,) = story["evidence"]
    assert evidence["standing"] == "s/mime"
