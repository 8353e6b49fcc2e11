"""Headers as heard: names, addresses, identity, ids, dates."""

from datetime import UTC, datetime

import pytest

from parsers.heard import InboundMail, Mailbox, Note
from parsers.mail import hear


def heard(*lines: bytes, body: bytes = b"text") -> InboundMail:
    return hear(b"\r\n".join([*lines, b"", body]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"alice@example.org", ("", "alice@example.org")),
        (b"Alice <alice@example.org>", ("Alice", "alice@example.org")),
        (b'"Doe, Jane" <jane@example.org>', ("Doe, Jane", "jane@example.org")),
        (b"bob@example.org (Bob B.)", ("Bob B.", "bob@example.org")),
        (b"=?utf-8?Q?J=C3=BCrgen?= <j@example.org>", ("Jürgen", "j@example.org")),
        (b"=?utf-8?B?SsO8?= =?utf-8?B?cmdlbg==?= <j@example.org>", ("Jürgen", "j@example.org")),
        (b"=?utf-8?B?SsM=?= =?utf-8?B?vHJnZW4=?= <j@example.org>", ("Jürgen", "j@example.org")),
        (b"J\xfcrgen <j@example.org>", ("Jürgen", "j@example.org")),
        (b"J\xc3\xbcrgen <j@example.org>", ("Jürgen", "j@example.org")),
        (b"A <@relay.example:a@example.org>", ("A", "a@example.org")),
        (b"a@m\xc3\xbcller.example", ("", "a@müller.example")),
        (b"A (nested (comment)) <a@example.org>", ("A", "a@example.org")),
        (b"A a@example.org", ("A", "a@example.org")),
        (b"Only A Name", ("Only A Name", "")),
        (b'"unclosed <a@example.org>', ("unclosed <a@example.org>", "")),
        (b'"esc\\"aped" <a@example.org>', ('esc"aped', "a@example.org")),
        (b"A <a@example.org", ("A", "a@example.org")),
        (b"Team: a@example.org;", ("", "a@example.org")),
        (b"\x00=?utf-8?q?a=0D=0ABcc:_x?= <a@example.org>", ("a Bcc: x", "a@example.org")),
    ],
)
def test_a_sender_is_shown_as_a_person_reads_it(value: bytes, shown: tuple[str, str]) -> None:
    assert heard(b"From: " + value).shown_sender == Mailbox(*shown)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"alice@example.org", "alice@example.org"), (b"<alice@example.org>", "alice@example.org"),
        (b'"A, B" <a+b@example.org>', "a+b@example.org"), (b"a@example.org (A B)", "a@example.org"),
        (b"=?utf-8?q?=C3=BC?= X <a@example.org>", "a@example.org"), (b"a@localhost", "a@localhost"),
    ],
)  # fmt: skip
def test_one_plain_mailbox_is_an_identity(value: bytes, address: str) -> None:
    sender = heard(b"From: " + value).sender
    assert sender is not None
    assert sender.address == address


@pytest.mark.parametrize(
    "value",
    [
        b"a@example.org, b@example.org", b"a@example.org b@example.org", b"a@b@example.org",
        b"=?utf-8?q?=3Ca=40example.org=3E?=", b"=?utf-8?q?a=40example.org?=@example.net",
        b"<@relay.example:a@example.org>", b"<a@example.org> <b@example.org>",
        b"<a@example.org> trailing", b"boss@team.example <a@example.org>", b"a@example.org\\",
        b'"a\\"b" <a@example.org>', b'"a b"@example.org', b"Group: a@example.org;", b"<>", b"",
        b"a%b@example.org", b"a!b@example.org", b"a.@example.org", b".a@example.org",
        b"a@-example.org", b"a@example..org", b"a@[192.0.2.1]", b"a@ex\xc3\xa4mple.org",
        b"a@example.org (b@example.net)", b"a@example.org ((x))", b"x" * 65 + b"@example.org",
        b"A" * 600 + b" <a@example.org>", b"a@" + b"a." * 130 + b"org", b"A (x) <a@example.org>",
    ],
)  # fmt: skip
def test_anything_else_is_no_identity(value: bytes) -> None:
    assert heard(b"From: " + value).sender is None


@pytest.mark.parametrize(
    "lines",
    [
        [b"From: a@example.org", b"From: a@example.org"], [b"Sender: a@example.org"],
        [b"From : b@example.org", b"From: a@example.org"],
        [b" From: b@example.org", b"From: a@example.org"],
        [b"X-A: a\rFrom: b@example.org", b"From: a@example.org"],
        [b"From b@example.org Mon", b"From: a@example.org"],
        [b"From: a@example.org", b"X-A: \x00"],
    ],
)  # fmt: skip
def test_a_header_that_readers_see_differently_gives_no_identity(lines: list[bytes]) -> None:
    assert heard(*lines).sender is None


def test_an_empty_from_is_shown_by_its_fallbacks() -> None:
    assert str(heard(b"From: <>", b"Reply-To: r@example.org").shown_sender) == "r@example.org"
    assert str(heard(b"Sender: s@example.org").shown_sender) == "s@example.org"
    assert str(heard(b"Return-Path: <p@example.org>").shown_sender) == "p@example.org"
    assert str(hear(b"\r\nx", mail_from="e@example.org").shown_sender) == "e@example.org"
    assert hear(b"\r\nx").shown_sender is None


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        (b"plain", "plain"), (b"folded\r\n line", "folded line"),
        (b"=?iso-8859-1?Q?Gr=FC=DFe?=", "Grüße"), (b"=?GB2312?B?xOO6ww==?=", "你好"),
        (b"=?koi8-r?B?8NLJ18XU?=", "Привет"), (b"=?utf-8*de?q?a?=", "a"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"), (b"=?nonsense?q?a=E4?=", "aä"),
        (b"=?utf-8?b?R3LDvMOfZQ?=", "Grüße"), (b"a =?utf-8?q?b?= c", "a b c"),
        (b"=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"), (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"Gr\xfc\xdfe", "Grüße"), (b"=?utf-8?b?A?=", ""), (b"=?us-ascii?q?a_b?=", "a b"),
    ],
)  # fmt: skip
def test_a_subject_is_decoded(value: bytes, subject: str) -> None:
    assert heard(b"Subject: " + value).subject == subject


def test_raw_header_text_is_tried_with_the_charset_of_the_body() -> None:
    mail = heard(
        b"Subject: \xf0\xd2\xc9\xd7\xc5\xd4", b"Content-Type: text/plain; charset=koi8-r",
        body=b"\xf0\xd2\xc9\xd7\xc5\xd4",
    )  # fmt: skip
    assert mail.subject == mail.text == "Привет"
    assert Note.CHARSET_GUESSED in mail.notes


def test_too_many_encoded_words_are_shown_as_they_came() -> None:
    mail = heard(b"Subject: " + b"=?utf-8?q?a?= " * 60)
    assert mail.subject.startswith("a" * 50)
    assert "=?utf-8?q?a?=" in mail.subject
    assert Note.TOO_MANY_WORDS in mail.notes


def test_groups_and_lists_are_shown_mailbox_by_mailbox() -> None:
    mail = heard(b"To: a@example.org, Team: b@example.org, C <c@example.org>; d@example.org",
                 b"Cc: undisclosed-recipients:;", b"Reply-To: r@example.org")  # fmt: skip
    assert [box.address[:1] for box in mail.to] == ["a", "b", "c", "d"]
    assert mail.cc == ()
    assert mail.reply_to == (Mailbox("", "r@example.org"),)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (b"Mon, 23 Nov 2026 10:00:00 +0100", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (b"Mon, 23 Nov 2026 10:00:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        (b"nonsense", None), (b"", None), (b"Mon, 99 Nov 2026 10:00:00 +0100", None),
        (b"31 Dec 9999 23:00:00 -2300", None),
    ],
)  # fmt: skip
def test_a_date_is_utc_or_none(value: bytes, date: datetime | None) -> None:
    assert heard(b"Date: " + value).date == date


def test_ids_hops_and_loop_marks_are_heard() -> None:
    mail = heard(
        b"Received: a", b"Received: b", b"X-Ticketgate-Loop: helpdesk.example",
        b"Message-ID: <3@x>", b"In-Reply-To: your mail <2@x>", b"References: <1@x>\r\n <2@x>",
    )  # fmt: skip
    assert mail.message_id == "<3@x>"
    assert mail.in_reply_to == ("<2@x>",)
    assert mail.references == ("<1@x>", "<2@x>")
    assert mail.hops == 2
    assert mail.loop_marks == ("helpdesk.example",)


def test_a_junk_line_on_top_does_not_hide_the_header() -> None:
    mail = heard(b"From mbox Mon Nov 23 10:00:00 2026", b"", body=b"")
    assert mail.subject == ""
    mail = heard(b">From junk", b"Subject: here", b"more junk", b"To: a@example.org")
    assert mail.subject == "here"
    assert len(mail.to) == 1
    assert Note.HEADER_UNREADABLE in mail.notes


def test_a_missing_empty_line_does_not_lose_the_body() -> None:
    mail = hear(b"Subject: x\r\nHello there\r\nbye\r\n")
    assert mail.subject == "x"
    assert mail.text == "Hello there\nbye"


def test_a_header_over_its_caps_is_read_up_to_them() -> None:
    mail = hear(b"Subject: x\r\n" + b"X-A: a\r\n" * 300 + b"\r\ntext")
    assert (mail.subject, mail.text) == ("x", "text")
    assert Note.HEADER_TOO_LONG in mail.notes
    mail = hear(b"Subject: x\r\n" + b"X-A: " + b"a" * 70_000 + b"\r\n\r\ntext")
    assert (mail.subject, mail.text) == ("x", "text")
    assert Note.HEADER_TOO_LONG in mail.notes
