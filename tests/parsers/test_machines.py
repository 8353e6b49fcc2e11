"""Mails written by machines: automatic answers, lists, delivery reports; subjects; `parse`."""

import json

import pytest

from parsers.heard import Automatic, Bounce
from parsers.mail import hear
from parsers.show import to_json
from parsers.subject import is_forward, reply_prefix_stripped, site_names_in, ticket_tags


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (b"Auto-Submitted: auto-replied", Automatic.REPLIED),
        (b"Auto-Submitted: auto-generated (cron)", Automatic.GENERATED),
        (b"Auto-Submitted: no", Automatic.NO),
        (b"X-Auto-Response-Suppress: All", Automatic.NO),
        (b"X-Autoreply: yes", Automatic.REPLIED), (b"X-Autorespond: away", Automatic.REPLIED),
        (b"X-Autoreply: no", Automatic.NO), (b"Precedence: auto_reply", Automatic.REPLIED),
        (b"Precedence: bulk", Automatic.BULK), (b"X-Precedence: junk", Automatic.BULK),
        (b"Precedence: first-class", Automatic.NO), (b"List-Id: <l.example.org>", Automatic.BULK),
        (b"List-Unsubscribe: <mailto:x@example.org>", Automatic.BULK),
        (b"X-Loop: l@example.org\nList-Id: <l.example.org>", Automatic.BULK),
        (b"X-Loop: yes", Automatic.GENERATED), (b"X-Ticketgate-Loop: a", Automatic.GENERATED),
        (b"Return-Path: <>", Automatic.GENERATED),
        (b"From: MAILER-DAEMON@example.org", Automatic.GENERATED),
        (b"From: no-reply@example.org", Automatic.GENERATED),
        (b"From: alarms-noreply@example.org", Automatic.GENERATED),
        (b"From: noreen@example.org", Automatic.NO),
        (b"X-Failed-Recipients: a@b", Automatic.REPLIED),
        (b"Content-Type: multipart/report; report-type=disposition-notification",
         Automatic.REPLIED),
        (b"Subject: Out of office: x", Automatic.NO),
        (b"Subject: Automatische Antwort: x\nX-Auto-Response-Suppress: All", Automatic.REPLIED),
        (b"Subject: vacation plans of the network\nMessage-ID: <1@x>", Automatic.NO),
        (b"Subject: hello\nIn-Reply-To: <1@x>", Automatic.NO),
    ],
)  # fmt: skip
def test_machines_are_told_from_people(lines: bytes, kind: Automatic) -> None:
    assert hear(lines + b"\n\ntext").automatic is kind


def test_the_null_envelope_sender_is_automatic() -> None:
    assert hear(b"From: a@example.org\n\nx", mail_from="").automatic is Automatic.GENERATED
    assert hear(b"From: a@example.org\n\nx", mail_from="<>").automatic is Automatic.GENERATED
    assert hear(b"Return-Path: <>\n\nx", mail_from="a@example.org").automatic is Automatic.NO


def dsn(
    status: bytes, inner: bytes = b"Message-ID: <0@x>\n", kind: bytes = b"message/rfc822"
) -> bytes:
    return (
        b"From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered Mail Returned to Sender\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        b"--b\n\nCould not be delivered.\n--b\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; mx.example.org\n\n" + status + b"\n--b\nContent-Type: " + kind
        + b"\n\n" + inner + b"\n\n--b--\n"
    )  # fmt: skip


GONE = (
    b"Original-Recipient: rfc822; <gone@example.org>\n"
    b"Final-Recipient: rfc822; g@example.org\nAction: failed\nStatus: 5.1.1\n"
)
QMAIL = (
    b"From: MAILER-DAEMON@example.org\nSubject: failure notice\n\n"
    b"Hi. This is the qmail-send program at example.org.\n"
    b"I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
    b"<gone@example.org>:\nno such user\n\n"
    b"--- Below this line is a copy of the message.\n\nMessage-ID: <0@x>\n\nold\n"
)
EXIM = (
    b"From: Mail Delivery System <Mailer-Daemon@example.org>\nX-Failed-Recipients: g@example.org\n"
    b"Subject: Mail delivery failed\n\nfailed\n"
)
READ = (
    b"From: a@example.org\nContent-Type: multipart/report; "
    b"report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b--\n"
)
LATE = b"Final-Recipient: rfc822; late@example.org\nAction: delayed\nStatus: 4.4.1\n"
SENT = b"Final-Recipient: rfc822; ok@example.org\nAction: delivered\nStatus: 2.0.0\n"


@pytest.mark.parametrize(
    ("raw", "heard"),
    [
        (dsn(GONE), Bounce(("gone@example.org",), True, "<0@x>")),
        (dsn(GONE).replace(b"\n", b"\r\n"), Bounce(("gone@example.org",), True, "<0@x>")),
        (dsn(LATE), Bounce(("late@example.org",), False, "<0@x>")),
        (dsn(GONE + b"\n" + LATE + b"\n" + GONE),
         Bounce(("gone@example.org", "late@example.org"), True, "<0@x>")),
        (dsn(GONE, kind=b"text/rfc822-headers"), Bounce(("gone@example.org",), True, "<0@x>")),
        (dsn(GONE, inner=b"Subject: x\n"), Bounce(("gone@example.org",), True, "")),
        (dsn(SENT), Bounce((), False, "<0@x>")), (dsn(b""), Bounce((), False, "<0@x>")),
        (QMAIL, Bounce(("gone@example.org",), True, "<0@x>")),
        (EXIM, Bounce(("g@example.org",), True, "")), (READ, None),
        (b"Return-Path: <>\nFrom: a@example.org\nSubject: Out of office\n\nback on Monday", None),
        (b"From: postmaster@example.org\nSubject: maintenance\n\nwe move the mail server", None),
        (b"From: postmaster@example.org\nSubject: Undeliverable: x\n\nno details", Bounce()),
        (b"From: the-daemon@example.org\nSubject: Undeliverable: x\n\nno details", Bounce()),
        (b"From: a@example.org\nSubject: Undeliverable\n\nwhat does this mean?", None),
    ],
)  # fmt: skip
def test_delivery_reports_are_read(raw: bytes, heard: Bounce | None) -> None:
    assert hear(raw).bounce == heard


@pytest.mark.parametrize(
    ("subject", "tag", "found"),
    [
        ("Re: GGUS-Ticket-ID: #123 broken", "GGUS-Ticket-ID", (123,)),
        ("[ggus-ticket-id #7] [GGUS-Ticket-ID:8]", "GGUS-Ticket-ID", (7, 8)),
        ("GGUS-Ticket-ID: #123", "Ticket-ID", ()), ("Ticket-ID5", "Ticket-ID", ()),
        ("Ticket ID 5, Ticket-ID: #5", "Ticket-ID", (5,)),
        ("Ticket-ID: #12345678901234567", "Ticket-ID", ()),
        ("#123", "Ticket-ID", ()), ("x", "", ()),
    ],
)  # fmt: skip
def test_ticket_tags_are_the_configured_words_and_a_number(
    subject: str, tag: str, found: tuple[int, ...]
) -> None:
    assert ticket_tags(subject, tag) == found


NAMES = ("site-a", "site-a-prod", "pic", "ru-moscow", "infn t1", "t1", "t2", "")


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("problem at SITE-A", ("site-a",)), ("SITE-A-PROD is down", ("site-a-prod",)),
        ("SITE-A and SITE-A-PROD and site-a", ("site-a", "site-a-prod")),
        ("SITE-AB", ()), ("t1 of infn t1", ("t1", "infn t1")),
        ("se.site-a.example.org", ()), ("site-a.", ("site-a",)), ("a@site-a", ()),
        ("the pic is down", ()), ("pic: down", ("pic",)), ("Re: PIC : down", ("pic",)),
        ("[pic] down", ("pic",)), ("epic: down", ()), ("INFN  T1 down", ("infn t1",)),
        ("RU-Moscow/T2", ("ru-moscow", "t2")), ("", ()),
    ],
)  # fmt: skip
def test_site_names_count_as_whole_words(subject: str, found: tuple[str, ...]) -> None:
    assert site_names_in(subject, NAMES) == found


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: x", "x"), ("AW: WG: x", "x"), ("Re[2]: Fwd: x", "x"), ("SV: x", "x"),
        ("回复\uff1ax", "x"),
        ("RE : x", "x"), ("Regarding: x", "Regarding: x"), ("Re:" * 5, ""), ("x", "x"),
        ("Re: " * 50 + "x", "Re: " * 30 + "x"),
    ],
)  # fmt: skip
def test_reply_prefixes_of_many_languages_go(subject: str, bare: str) -> None:
    assert reply_prefix_stripped(subject) == bare


def test_the_outermost_prefix_decides_what_a_mail_is() -> None:
    assert is_forward("Fwd: Re: x")
    assert not is_forward("Re: Fwd: x")


def test_parse_shows_plain_data() -> None:
    raw = (
        b"From: A <a@example.org>\nTo: b@example.org\nSubject: s\nMessage-ID: <1@x>\n"
        b"Date: Mon, 23 Nov 2026 10:00:00 +0100\n\nSite: SITE-A\n\ntext\n"
    )
    shown = to_json(hear(raw))
    assert json.loads(json.dumps(shown)) == shown
    assert shown == {
        "from": "A <a@example.org>", "to": ["b@example.org"], "cc": [], "subject": "s",
        "message_id": "<1@x>", "in_reply_to": [], "references": [],
        "date": "2026-11-23T09:00:00+00:00", "body_text": "Site: SITE-A\n\ntext",
        "visible_reply": "Site: SITE-A\n\ntext", "reply_with_signature": "Site: SITE-A\n\ntext",
        "automatic": False, "bounce": False, "attachments": [], "notes": [],
        "block": [{"key": "site", "value": "SITE-A"}], "sender": "a@example.org",
    }  # fmt: skip
    assert to_json(hear(b""))["from"] == ""
