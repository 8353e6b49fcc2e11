"""Small rooms: the digests, clean text, Message-IDs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.digest import content_of, sha256_of
from parsers.ids import MAX_CHARS, MAX_REFERENCES, message_id, message_ids
from parsers.text import clean, cut

MAIL = b"From: a@example.org\nSubject: x\nMessage-ID: <1@example.org>\n\nbody\n\nmore\n"


@pytest.mark.parametrize(
    "trace",
    [
        b"Received: from a\n\tby b\n", b"Return-Path: <a@example.org>\n", b"x-spam: no\n",
        b"Delivered-To: x@example.org\n", b"Authentication-Results: mx; dkim=pass\n a\n b\n",
        b"ARC-Seal: i=1\n", b"DKIM-Signature: v=1;\n b=abc\n", b"From a@example.org Mon\n",
    ],
)  # fmt: skip
def test_what_the_way_adds_does_not_change_the_content(trace: bytes) -> None:
    assert content_of(trace + MAIL) == content_of(MAIL)
    assert sha256_of(trace + MAIL) != sha256_of(MAIL)
    assert content_of((trace + MAIL).replace(b"\n", b"\r\n")) == content_of(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"body", b"bodY"), MAIL.replace(b"Subject: x", b"Subject: y"),
        MAIL.replace(b"Subject", b"Received-x: a\nSubject"), b"\n" + MAIL,
        MAIL.replace(b"\n\nbody", b"\n\nReceived: a\nbody"),
    ],
)  # fmt: skip
def test_what_an_author_writes_changes_the_content(other: bytes) -> None:
    assert content_of(other) != content_of(MAIL)


@given(st.binary().map(lambda b: b.replace(b"\r", b"")))
def test_the_content_is_the_same_with_crlf_and_lf(raw: bytes) -> None:
    assert content_of(raw.replace(b"\n", b"\r\n")) == content_of(raw)


@given(st.binary().map(lambda b: b.replace(b"\r", b"")))
def test_a_relay_that_adds_a_line_on_top_does_not_change_the_content(body: bytes) -> None:
    raw = b"From: a@example.org\n\n" + body
    assert content_of(b"Received: by x\n" + raw) == content_of(raw)


@given(st.text(alphabet=st.characters()), st.booleans())
def test_clean_text_can_be_stored_and_shown_anywhere(text: str, one_line: bool) -> None:
    shown = clean(text, one_line=one_line)
    shown.encode("utf-8")
    assert not any(
        unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown if c not in "\n\t"
    )
    assert clean(shown, one_line=one_line) == shown
    if one_line:
        assert shown == " ".join(shown.split())


@pytest.mark.parametrize(
    ("text", "lines", "line"),
    [
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne", "a b c d e"),
        ("a\x00b\x1b[31m\x9b", "ab[31m", "ab[31m"),
        ("invoice\u202efdp.exe\u2066", "invoicefdp.exe", "invoicefdp.exe"),
        ("a\ud800b", "a\ufffdb", "a\ufffdb"),
        ("  a\t b\n", "  a\t b\n", "a b"),
        ("Zürich 日本 👩‍🔬", "Zürich 日本 👩‍🔬", "Zürich 日本 👩‍🔬"),
    ],
)
def test_text_is_cleaned(text: str, lines: str, line: str) -> None:
    assert clean(text) == lines
    assert clean(text, one_line=True) == line


def test_text_is_cut_between_letters() -> None:
    assert cut("abc", 100) == ("abc", False)
    assert cut("abc", 3) == ("abc", False)
    assert cut("äää", 5) == ("ää", True)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"<1@example.org>", "<1@example.org>"), (b" <1@\r\n example.org> (x)", "<1@example.org>"),
        (b"1@example.org", "<1@example.org>"), (b"word", "<word>"), (b"", ""), (b"two words", ""),
        (b"<>", ""), (b"<" + b"a" * MAX_CHARS + b">", ""), (b"<[[[>", "<[[[>"),
        (b"<\xe4@example.org>", "<\ufffd@example.org>"),
    ],
)  # fmt: skip
def test_a_message_id_is_read_as_it_is_written(value: bytes, found: str) -> None:
    assert message_id(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"Your mail of Monday <a@x> and <b@x> <a@x>", ("<a@x>", "<b@x>")),
        (b"a@example.org, b@example.org", ("<a@example.org>", "<b@example.org>")), (b"", ()),
    ],
)  # fmt: skip
def test_ids_are_found_between_phrases(value: bytes, found: tuple[str, ...]) -> None:
    assert message_ids(value) == found


def test_of_many_references_the_newest_are_kept() -> None:
    found = message_ids(b" ".join(b"<%d@x>" % i for i in range(300)))
    assert len(found) == MAX_REFERENCES
    assert found[-1] == "<299@x>"
