"""A dialogue of people with a ticket, through a real Postfix both ways, signed and proven by DKIM.

A user asks, supporters work, the user verifies: everybody answers the mails that Postfix brought.
"""

import email
import email.policy
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from postfix import Postfix, why_not
from running import Helpdesk, until

from tests.ports import free_port
from tests.proofs import keys, nameserver
from tests.proofs.conftest import key_zone
from tests.proofs.nameserver import NameServer

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.skipif(nameserver.PROGRAM is None, reason="nsd is not installed"),
]

ANNA, DESK = "anna@physics.example", "tpm@firstline.example"
ROC = "ngi-it@roc.example"
SUPPORT = "support@helpdesk.example"
PAGE = """<div dir="ltr"><br></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">\
On Sat, 28 Nov 2026 at 09:00, Grid Helpdesk wrote:<br></div><blockquote class="gmail_quote"\
 style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">\
{}</blockquote></div>"""


@dataclass
class People:
    """Two people whose domains sign, and the mailboxes that Postfix delivers to."""

    desk: Helpdesk
    mta: Postfix
    sent: int = 0

    def write(self, sender: str, to: str, subject: str, text: str, head: str = "") -> None:
        """Send a signed mail through Postfix."""
        self.sent += 1
        raw = (
            f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
            f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\n"
            f"Message-ID: <{self.sent}.{sender}>\r\n{head}\r\n" + text.replace("\n", "\r\n")
        ).encode("ascii")
        raw = keys.signed(raw, d=sender.rpartition("@")[2])
        with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=30) as client:
            client.sendmail(sender, [to], raw)

    def gets(self, address: str, word: str) -> EmailMessage:
        """Wait for a mail whose subject holds a word, and return it."""

        def there() -> list[EmailMessage]:
            found = [
                email.message_from_string(one, policy=email.policy.default)
                for one in self.mta.mails(address)
            ]
            return [one for one in found if word in " ".join(str(one["Subject"]).split())]

        return until(there, f"{address} gets {word}")[-1]  # type: ignore[no-any-return] # a mail

    def answers(self, sender: str, mail: EmailMessage, text: str) -> None:
        """Answer a mail as a mail program does."""
        head = f"In-Reply-To: {mail['Message-ID']}\r\n"
        self.write(sender, str(mail["Reply-To"]), f"Re: {mail['Subject']}", text, head)

    def sends_back(self, sender: str, mail: EmailMessage) -> None:
        """Answer a mail without a word, as web mailers do: quoted as text and as a page."""
        page = mail.get_body(("html",))
        assert page is not None
        answer = EmailMessage(policy=email.policy.SMTP)
        answer.set_content(f"\n\n{quoted(mail)}\n", cte="quoted-printable")
        answer.add_alternative(PAGE.format(page.get_content()), "html", cte="quoted-printable")
        head, _, body = answer.as_bytes().decode("ascii").partition("\r\n\r\n")
        head += f"\r\nIn-Reply-To: {mail['Message-ID']}\r\n"
        subject = f"Re: {mail['Subject']}"
        self.write(sender, str(mail["Reply-To"]), subject, body.replace("\r\n", "\n"), head)

    def ticket(self) -> dict[str, Any]:
        """Return the ticket as the operator sees it."""
        (row,) = self.desk.listing("tickets")
        return row


@pytest.fixture
def people(place: Path) -> Iterator[People]:
    domains = (
        "vo.example",
        "physics.example",
        "firstline.example",
        "roc.example",
    )  # the first is asked for
    names = NameServer({one: key_zone() for one in domains}, free_port())
    door = ("127.0.0.1", free_port())
    (place / "desk").mkdir()
    mta = Postfix(place / "mta", door)
    desk = Helpdesk(
        place / "desk",
        {
            'listen = "127.0.0.1:0"': f'listen = "127.0.0.1:{door[1]}"',
            'url = "maildir:outgoing"': f'url = "smtp://127.0.0.1:{mta.port}"',
            "[store]": f'[dns]\nservers = ["127.0.0.1"]\nport = {names.port}\n\n[store]',
        },
    )
    mta.begin()
    desk.start()
    mta.wait()
    yield People(desk, mta)
    desk.stop()
    mta.stop()
    names.stop()


def quoted(mail: EmailMessage) -> str:
    """Return a mail's text as a mail program quotes it."""
    body = mail.get_body(("plain",))
    assert body is not None
    lines = str(body.get_content()).splitlines()
    return "On Sat, 28 Nov 2026 at 09:00, Grid Helpdesk wrote:\n" + "\n".join(
        f"> {line}".rstrip() for line in lines
    )


def test_a_ticket_is_worked_on_by_mail_from_its_opening_to_its_end(people: People) -> None:
    people.write(ANNA, SUPPORT, "Jobs fail", "My jobs fail.")
    asked = people.gets(DESK, "Jobs fail")
    people.answers(DESK, asked, "Status: done\nStatus: waiting for reply\n\nWhich queue?")
    refused = people.gets(DESK, "NOT DONE")
    assert "is given twice" in quoted(refused)
    people.answers(DESK, asked, "Status: waiting for reply\n\nWhich queue?")
    until(lambda: people.ticket()["status"] == "waiting for reply", "it waits")
    people.answers(ANNA, people.gets(ANNA, "UPDATE"), f"The long one.\n\n{quoted(asked)}")
    until(lambda: people.ticket()["status"] == "in progress", "she has answered")
    people.answers(DESK, asked, "Status: solved\n\nIt is open again.")
    solved = people.gets(ANNA, "SOLVED")
    assert "It is open again." in quoted(solved)
    people.write(ANNA, SUPPORT, "status", "")
    assert "You have no open ticket" in quoted(people.gets(ANNA, "Your tickets"))
    people.answers(ANNA, solved, quoted(solved))
    until(lambda: people.ticket()["status"] == "verified", "she has sent the solution back")


def test_several_lines_in_one_mail_are_followed_and_the_wrong_one_is_answered(
    people: People,
) -> None:
    people.write(ANNA, SUPPORT, "Jobs fail", "My jobs fail.")
    asked = people.gets(DESK, "Jobs fail")
    lines = "Assign to: NGI_IT", "Priority: very urgent", "Category: Catastrophe"
    text = "\n".join((*lines, "Type of issue: Storage Systems", "", "Their storage, it seems."))
    people.answers(DESK, asked, f"{text}\n\n{quoted(asked)}")
    answer = words(people.gets(DESK, "NOT DONE"))
    assert 'The line "Category: Catastrophe" was not followed' in answer
    assert "Service request" in answer, "the allowed values"
    assert "* priority: less urgent -> very urgent" in answer, "what was done"
    until(lambda: people.ticket()["support_unit"] == "NGI_IT", "it is the other unit's")
    given = people.gets(ROC, "ASSIGNED")
    assert "Their storage, it seems." in words(given)
    assert "assigned, very urgent" in words(given)
    assert "PRIORITY: very urgent" in words(people.gets(ANNA, "UPDATE"))
    people.answers(ROC, given, f"Status: in progress\n\nWe look.\n\n{quoted(given)}")
    until(lambda: people.ticket()["status"] == "in progress", "it is taken")
    people.answers(ROC, given, "Status: solved\n\nThe pool is back.")
    people.sends_back(ANNA, people.gets(ANNA, "SOLVED"))
    until(lambda: people.ticket()["status"] == "verified", "she has sent the solution back")
    end = people.gets(ROC, "UPDATE")
    assert "opens a new ticket" in words(end)


def words(mail: EmailMessage) -> str:
    """Return a mail's text as one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())
