"""The structure gate: what a border door refuses, and what every door keeps."""

import pytest

from parsers.gate import AMBIGUOUS, REFUSED_AT_THE_BORDER, Fault, look
from tests.cost import costs_less_than

GOOD = (
    b"Received: from mx.example.org\r\n\tby mx.example.net; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"From: Alice <alice@example.org>\r\nTo: support@helpdesk.example\r\nSubject: a\r\n b\r\n"
    b"Message-ID:\r\n <1@example.org>\r\n\r\nHello\r\n"
)


def test_a_plain_mail_has_no_fault() -> None:
    gate = look(GOOD)
    assert gate.faults == ()
    assert gate.message_id == "<1@example.org>"
    assert gate.received == 1
    assert GOOD[: gate.header_size].endswith(b"<1@example.org>\r\n")


def head(lines: bytes) -> bytes:
    return lines + b"\r\n" + GOOD


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (GOOD + b"\0", Fault.NUL),
        (head(b"X-A: a\rFrom: eve@example.net"), Fault.BARE_IN_HEADER),
        (head(b"X-A: a\nFrom: eve@example.net"), Fault.BARE_IN_HEADER),
        (head(b"X-A: a\r\r\nX-B: b"), Fault.BARE_IN_HEADER),
        (head(b" From: eve@example.net"), Fault.NOT_A_FIELD),
        (head(b"From : eve@example.net"), Fault.NOT_A_FIELD),
        (head(b"From\r\n : eve@example.net"), Fault.NOT_A_FIELD),
        (head(b"From eve@example.net Mon Nov 23 10:00:00 2026"), Fault.NOT_A_FIELD),
        (head(b"no colon here"), Fault.NOT_A_FIELD),
        (head(b"N\xc3\xa4me: x"), Fault.NOT_A_FIELD),
        (head(b"From: eve@example.net"), Fault.FROM_TWICE),
        (head(b"fROM: eve@example.net"), Fault.FROM_TWICE),
        (head(b"subject: eve"), Fault.TWICE),
        (head(b"Content-Type: a/b\r\nContent-Type: a/b"), Fault.TWICE),
        (head(b"\r\n".join(b"X-A: " + b"a" * 900 for _ in range(80))), Fault.HEADER_TOO_LONG),
        (head(b"\r\n".join([b"X-A: a"] * 200)), Fault.TOO_MANY_FIELDS),
        (head(b"X-A: " + b"a" * 994), Fault.LINE_TOO_LONG),
        (GOOD.replace(b"Alice", b"A\r\n " * 200), Fault.FROM_TOO_LONG),
        (GOOD + b"a\nb\r\n", Fault.BARE_IN_BODY),
        (GOOD + b"a\rb\r\n", Fault.BARE_IN_BODY),
    ],
)
def test_each_fault_is_seen_and_named(raw: bytes, fault: Fault) -> None:
    assert fault in look(raw).faults


def test_a_header_line_may_have_998_bytes() -> None:
    assert look(head(b"X-A: " + b"a" * 993)).faults == ()


def test_only_the_body_fault_is_kept_at_the_border() -> None:
    assert set(Fault) - REFUSED_AT_THE_BORDER == {Fault.BARE_IN_BODY}
    assert AMBIGUOUS <= REFUSED_AT_THE_BORDER


def test_a_file_with_lf_lines_is_judged_by_its_own_line_end() -> None:
    lf = GOOD.replace(b"\r\n", b"\n")
    assert look(lf).faults == ()
    assert look(lf + b"a\r\n").faults != ()
    assert look(lf + b"a\r\n", file=True).faults == (Fault.BARE_IN_BODY,)
    assert look(lf.replace(b"a\n b", b"a\r b"), file=True).faults == (Fault.BARE_IN_HEADER,)
    assert look(GOOD, file=True).faults == ()


def test_a_first_line_with_a_bare_lf_does_not_switch_the_wire_to_lf() -> None:
    assert Fault.BARE_IN_HEADER in look(b"X-A: a\nX-B: b\n\nbody\r\n").faults


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\r\nbody", b"\n", b"Subject: x", b"Subject: x\r\n"]
)
def test_a_mail_without_body_or_header_is_judged_too(raw: bytes) -> None:
    assert look(raw).faults == ()


def test_a_mail_without_message_id_has_none() -> None:
    assert look(b"Subject: x\r\n\r\nMessage-ID: <no@example.org>\r\n").message_id == ""


@pytest.mark.parametrize("filler", [b"A" * 76 + b"\r\n", b"\r\n", b"\n", b"\r", b"a:\r\n", b"\0"])
def test_25_mb_are_judged_in_a_fraction_of_a_second(filler: bytes) -> None:
    raw = GOOD + filler * (25_000_000 // len(filler))
    with costs_less_than(0.4):  # 0.03 s here
        look(raw)
