"""Hostile mails: `hear` never raises, never dwells, and never lets anything unclean through."""

import sys
import unicodedata
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.block import KEYS, hear_block
from parsers.gate import look
from parsers.heard import Note
from parsers.mail import hear
from parsers.show import to_json
from tests.cost import costs_less_than

H = b"From: a@example.org\r\nMIME-Version: 1.0\r\n"
MIX = H + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
HTML = H + b"Content-Type: text/html; charset=utf-8\r\n\r\n"
B64 = H + b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
QP = H + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
DAEMON = b"From: mailer-daemon@example.org\r\n"
NEST = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(1500)
)
WRITTEN = b"Subject: z\r\n\r\nFrom: x\r\nSent: 1 May 2026 9:00\r\nTo: y\r\nSubject: z\r\n\r\n"
REWRITTEN = b"https://x.safelinks.protection.outlook.com/"
# CPU seconds; tracing (coverage) makes Python lines several times slower.
BUDGET_S = 2.0 if sys.gettrace() is None else 10.0
BOMBS = {
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nx",
    "addresses": b"To: " + b"a@b.example, " * 20_000 + b"\r\n\r\nx",
    "addresses within the cap": b"To: " + b"a@b.example, " * 9_000 + b"\r\n\r\nx",
    "fields": b"X: y\r\n" * 2_000_000 + b"\r\nx",
    "received": b"Received: y\r\n" * 1_000_000 + b"\r\nx",
    "siblings": MIX + b"--b\r\n\r\nx\r\n" * 100_000,
    "near boundaries": MIX + b"--bx\r\n" * 4_000_000,
    "nesting": H + NEST,
    "parameters": H + b"Content-Type: text/plain; "
    + b"".join(b"a*%d*=a;" % i for i in range(2_000)) + b"\r\n\r\nx",
    "comments": b"From: " + b"(" * 60_000 + b"\r\n\r\nx",
    "brackets": b"From: " + b"<" * 60_000 + b"\r\n\r\nx",
    "quotes": b"From: " + b'"\\' * 30_000 + b"\r\n\r\nx",
    "colons": b"To: " + b":" * 60_000 + b"\r\n\r\nx",
    "references": b"References: " + b"<" * 60_000 + b"\r\n\r\nx",
    "message id": b"Message-ID: <[[[[[" + b"[" * 60_000 + b"\r\n\r\nx",
    "date": b"Date: " + b"(" * 60_000 + b"\r\n\r\nx",
    "prefixes": b"Subject: " + b"Re: " * 16_000 + b"\r\n\r\nx",
    "one line": H + b"\r\n" + b"x" * 25_000_000,
    "blanks": H + b"\r\n" + b" " * 10_000_000 + b"x",
    "empty lines": H + b"\r\n" + b"\r\n" * 10_000_000,
    "quote bars": H + b"\r\n" + b"> \r\n" * 6_000_000,
    "On": H + b"\r\n" + b"On " * 1_000_000,
    "On lines": H + b"\r\n" + b"On x wrote:\r\n" * 1_000_000,
    "From lines": H + b"\r\n" + b"From: x\r\n" * 100_000,
    "written-out header": H + WRITTEN + b"> * https://x.example<https://x.example>, " * 6_000,
    "written-out date": H + WRITTEN.replace(b"9:00", b"9:00 1/1/1 a" * 20_000),
    "rewritten links": H + WRITTEN + (REWRITTEN + b"." * 4_000) * 60,
    "field block": H + b"\r\n" + (b"Site: x" + b" " * 200_000 + b"y\r\n") * 2,
    "underscores": H + b"\r\n" + b"_" * 200_000,
    "8-bit": H + b"\r\n" + bytes(range(128, 256)) * 200_000,
    "8-bit parts": MIX + (b"--b\r\nContent-Type: text/plain; charset=zz\r\n\r\n"
                          + bytes(range(128, 256)) * 40 + b"\r\n") * 95,
    "base64": B64 + (b"A" * 76 + b"\r\n") * 320_000,
    "base64 pieces": B64 + b"AA==" * 6_000_000,
    "qp": QP + b"= " * 12_000_000,
    "divs": HTML + b"<div>" * 200_000,
    "nested quotes": HTML + b"<blockquote>" * 1_900 + b"x",
    "breaks": HTML + b"x<br>" * 200_000,
    "links": HTML + b"<a href=http://x.example/y>zz</a>" * 30_000,
    "nested links": HTML + b"<a href=http://x.example/y><table>" * 1_900,
    "cells": HTML + b"<table>" + b"<tr><td>x" * 110_000,
    "outlook marks": HTML + b"<div id=appendonsend></div><p>x</p>" * 25_000,
    "html parts": MIX
    + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x" * 60_000 + b"\r\n") * 95,
    "report": DAEMON + MIX + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    + b"Final-Recipient: rfc822; a@b\r\n\r\n" * 500_000,
    "report text": DAEMON + b"\r\n" + b"<a@b.example>: \r\n" * 500_000,
    "report parts": DAEMON + MIX + b"--b\r\n\r\n" * 500_000,
    "report nested": DAEMON + NEST,
    "NUL": H + b"\r\n" + b"\0" * 10_000_000,
    "CR": H + b"\r\n" + b"\r" * 10_000_000,
    "colon": b":" * 25_000_000,
    "folds": b"a: b\n" + b" \n" * 12_000_000,
    "flowed": H + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"x \r\n" * 60_000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_heard_in_bounded_time(name: str) -> None:
    raw = BOMBS[name]
    with costs_less_than(BUDGET_S):
        mail = hear(raw)
    assert Note.UNREADABLE not in mail.notes
    with costs_less_than(0.5):
        look(raw)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if is_dataclass(value):
        return [text for f in fields(value) for text in texts(getattr(value, f.name))]
    return []


WORDS = [
    b"From", b"To", b"Subject", b"Content-Type", b"Content-Disposition", b"Message-ID", b": ", b":",
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b"--b", b"--b--", b"text/html", b"text/plain",
    b"; charset=", b"utf-8", b"multipart/mixed; boundary=b", b"multipart/report; boundary=b",
    b"message/rfc822", b"message/delivery-status", b"=?utf-8?q?", b"?=", b"=0D=0A",
    b"<a@example.org>",
    b"@", b'"', b"(", b")", b"<", b">", b",", b";", b"=", b"*0*=", b"%E4", b"\xff", b"\x00",
    b"\xc3\xbc",
    b"base64", b"quoted-printable", b"Content-Transfer-Encoding: ", b"> ", b"-- ", b"On x wrote:",
    b"Date: Mon, 23 Nov 2026 10:00:00 +0100", b"<div>", b"<blockquote>",
    b"<a href=http://x.example>",
    b"mailer-daemon", b"Final-Recipient: rfc822;", b"\xe2\x80\xae", b"Site: X", b"format=flowed",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(), st.lists(st.sampled_from(WORDS)).map(b"".join)))
def test_any_bytes_give_a_clean_mail(raw: bytes) -> None:
    mail = hear(raw)
    look(raw)
    look(raw, file=True)
    assert Note.UNREADABLE not in mail.notes
    assert bool(mail.visible.strip()) == bool(mail.text.strip())
    for text in texts(mail) + texts(tuple(map(str, to_json(mail).values()))):
        text.encode("utf-8")
        assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in text if c not in "\n\t")
    for one_line in (mail.subject, mail.message_id, *(a.filename for a in mail.attachments)):
        assert "\n" not in one_line


UNSEEN = "\u200b\u200c\u200d\u2060\u00ad\ufeff "  # dropped around a value, as blanks are
VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60).map(
    lambda value: " ".join(value.split()).strip(UNSEEN)
)


@given(st.dictionaries(st.sampled_from(sorted(KEYS)), VALUES, min_size=1))
def test_what_is_written_as_a_block_is_heard_as_it_was(pairs: dict[str, str]) -> None:
    block = hear_block("\n".join(f"{key}: {value}" for key, value in pairs.items()))
    assert [(f.key, f.value) for f in block.fields] == [(KEYS[k], v) for k, v in pairs.items()]
    assert block.unknown == ()
