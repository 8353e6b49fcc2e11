"""A real Postfix in front of us and behind us: both directions, its queue, its bounces."""

import email
import email.policy
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from postfix import Postfix, why_not
from running import Helpdesk, mail, until

from tests.ports import free_port

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),  # honest without root; red under CI
]

SUPPORT = ["support@helpdesk.example"]


@dataclass
class Both:
    """Our daemon and the Postfix beside it."""

    desk: Helpdesk
    mta: Postfix


@pytest.fixture
def both(place: Path) -> Iterator[Both]:
    """Postfix hands us mail by SMTP and is our relay. Its own mail is routed like proven mail."""
    door = ("127.0.0.1", free_port())
    (place / "desk").mkdir()
    mta = Postfix(place / "mta", door)
    desk = Helpdesk(
        place / "desk",
        {
            'listen = "127.0.0.1:0"': f'listen = "127.0.0.1:{door[1]}"',
            'url = "maildir:outgoing"': f'url = "smtp://127.0.0.1:{mta.port}"',
            "[store]": '[routing]\nunproven = "route"\n\n[store]',
            "operator@helpdesk.example": "duty@operator.example",
            "ngi-nl@roc.example": "ngi-nl@late.example",
        },
    )
    mta.begin()
    desk.start()
    mta.wait()
    yield Both(desk, mta)
    desk.stop()
    mta.stop()


def said(mail_text: str) -> str:
    """Return a delivered mail's plain text on one line."""
    body = email.message_from_string(mail_text, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def hand_over(mta: Postfix, raw: bytes, to: list[str], mail_from: str) -> None:
    with smtplib.SMTP("127.0.0.1", mta.port, timeout=30) as client:
        client.sendmail(mail_from, to, raw)


def test_mail_comes_from_postfix_and_ours_leaves_through_it_and_an_answer_finds_its_thread(
    both: Both,
) -> None:
    text = "Site: INFN-T1\r\n\r\nTransfers fail.\r\n.a line with a dot"
    hand_over(both.mta, mail(1, text=text), SUPPORT, "anna@physics.example")
    row = both.desk.settled(1)[0]
    assert (row["outcome"], row["tickets"]) == ("new", [100001])
    found = until(lambda: both.mta.mails("ngi-it@roc.example"), f"ROC mailed {both.mta.log()}")
    until(lambda: both.mta.mails("grid@infn.example"), "the site is mailed")
    told = email.message_from_string(found[0])
    assert "GGUS-Ticket-ID: #100001" in told["Subject"]
    assert "Transfers fail." in found[0]
    assert ".a line with a dot" in found[0]
    assert told["Return-Path"].startswith("<bounces+")

    answer = (
        f"From: Carla <carla@roc.example>\r\nTo: {told['Reply-To']}\r\n"
        f"Subject: Re: {' '.join(told['Subject'].split())}\r\nMessage-ID: <a1@roc.example>\r\n"
        f"In-Reply-To: {told['Message-ID']}\r\n\r\nWe look at it.\r\n"
    ).encode()
    hand_over(both.mta, answer, [told["Reply-To"]], "carla@roc.example")
    rows = both.desk.settled(2)
    assert [
        (r["outcome"], r["tickets"]) for r in rows if r["message_id"] == "<a1@roc.example>"
    ] == [("comment", [100001])]
    heard = until(
        lambda: [m for m in both.mta.mails("grid@infn.example") if "We look at it." in m],
        "the site hears the answer",
    )
    assert email.message_from_string(heard[0])["References"].split()[0].startswith("<t.100001.")


def test_a_recipient_refused_by_the_relay_is_given_up_and_the_operator_is_told(
    both: Both,
) -> None:
    """ngi-de@roc.example does not exist at this Postfix: it says 550 to our courier."""
    raw = mail(1, text="Site: FZK-LCG2\r\n\r\nIt fails.")
    hand_over(both.mta, raw, SUPPORT, "anna@physics.example")
    notice = until(lambda: both.mta.mails("duty@operator.example"), f"operator; {both.mta.log()}")
    assert "ngi-de@roc.example" in said(notice[0])
    assert "Return-Path: <>" in notice[0]
    failed = both.desk.listing("outbox", "--state", "failed")
    assert [row["recipient"] for row in failed] == ["ngi-de@roc.example"]


def test_a_real_delivery_report_is_filed_with_its_ticket_and_the_operator_is_told(
    both: Both,
) -> None:
    """late.example is taken by this Postfix, which then sends us a report of its own making."""
    raw = mail(1, text="Site: SARA-MATRIX\r\n\r\nIt fails.")
    hand_over(both.mta, raw, SUPPORT, "anna@physics.example")
    notice = until(lambda: both.mta.mails("duty@operator.example"), f"operator; {both.mta.log()}")
    assert "ngi-nl@late.example" in said(notice[0])
    rows = both.desk.settled(2)
    assert [(r["outcome"], r["tickets"]) for r in rows if r["ticket"] and r["mail"] != 1] == [
        ("bounce", [100001])
    ]
    failed = both.desk.listing("outbox", "--state", "failed")
    assert [row["recipient"] for row in failed] == ["ngi-nl@late.example"]


def test_postfix_keeps_the_mail_while_we_are_down_and_brings_it_when_we_are_back(
    both: Both,
) -> None:
    both.desk.stop()
    hand_over(both.mta, mail(1), SUPPORT, "anna@physics.example")
    until(lambda: "refused" in both.mta.queued(), "it is deferred in Postfix")
    both.desk.start()
    rows = both.desk.settled(1)
    assert [row["outcome"] for row in rows] == ["new"]


def test_what_the_border_refuses_comes_back_to_its_sender_with_the_reason(both: Both) -> None:
    raw = (
        b"From: anna@physics.example\r\nFrom: mallory@physics.example\r\nSubject: two\r\n\r\nx\r\n"
    )
    hand_over(both.mta, raw, SUPPORT, "anna@physics.example")
    back = until(lambda: both.mta.mails("anna@physics.example"), "the bounce to the sender")
    assert "550" in back[0]
    assert "From" in back[0]
    until(lambda: both.desk.listing("refusals"), "the refusal is listed")
    assert both.desk.listing("mails") == []


def test_our_mail_waits_while_the_relay_is_down(both: Both) -> None:
    both.mta.stop()
    both.desk.send(mail(1, text="Site: INFN-T1\r\n\r\nIt fails."), SUPPORT)
    both.desk.settled(1)
    waiting = until(
        lambda: [r for r in both.desk.listing("outbox") if r["last_error"]], "the courier tried"
    )
    assert all(row["state"] in {"waiting", "claimed"} for row in waiting)
    both.mta.start()
    until(lambda: both.mta.mails("grid@infn.example"), f"it went out: {both.desk.tail()}", 90)
