"""The alarm document: written and heard, signed, and never read wrongly."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.outbound.alarm import AlarmSigner
from parsers.alarm import VALID_FOR, Alarm, AlarmEvent, AlarmStatus, Mode, Severity
from parsers.alarm_answer import Answer, AnswerEvent, hear_answer, write_answer
from parsers.alarm_document import (
    MAX_DOCUMENT_BYTES,
    fitting,
    hear_alarm,
    signed_content,
    write_alarm,
)
from parsers.alarm_text import BLOCK_KEYS, block, subject
from parsers.errors import Malformed

ROOT = Path(__file__).parents[2]
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "alarm-1.schema.json").read_text()))
AT = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = Alarm(
    event_id="0b1f7f3e-3b38-5a0e-9f29-3d1a3d6b5a11",
    alarm_id="hd.example/900001",
    ticket="900001",
    seq=4,
    event=AlarmEvent.UPDATE,
    status=AlarmStatus.FIRING,
    severity=Severity.CRITICAL,
    mode=Mode.ACTUAL,
    site="T1-EX",
    vo="cms",
    summary="SRM endpoint down",
    starts_at=AT,
    updated_at=AT,
    issued_at=AT,
    expires_at=AT + VALID_FOR,
    nonce="00112233445566778899aabbccddeeff",
    reply_to="reply+token@hd.example",
)
TEXTS = st.text(max_size=3_000)
TIMES = st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)
ALARMS = st.builds(
    Alarm,
    event_id=st.uuids().map(str),
    alarm_id=st.from_regex(r"[A-Za-z0-9./_-]{1,120}", fullmatch=True),
    ticket=st.integers(0, 10**9).map(str),
    seq=st.integers(0, 2**53 - 1),
    event=st.sampled_from(AlarmEvent),
    status=st.sampled_from(AlarmStatus),
    severity=st.sampled_from(Severity),
    mode=st.sampled_from(Mode),
    site=TEXTS,
    vo=TEXTS,
    summary=TEXTS,
    starts_at=TIMES,
    updated_at=TIMES,
    issued_at=TIMES,
    expires_at=TIMES,
    nonce=st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True),
    service=TEXTS,
    host=st.none() | st.text(max_size=255),
    description=TEXTS,
    alarmer=TEXTS,
    ends_at=st.none() | TIMES,
    labels=st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5),
).map(fitting)


def changed(**members: Any) -> str:
    return json.dumps({**json.loads(write_alarm(ALARM)), **members})


@given(ALARMS)
def test_what_is_written_is_heard(alarm: Alarm) -> None:
    text = write_alarm(alarm)
    assert hear_alarm(text) == alarm
    assert hear_alarm(text.encode("ascii").replace(b"\n", b"\r\n")) == alarm
    SCHEMA.validate(json.loads(text))


@given(ALARMS)
def test_every_line_fits_into_a_mail_and_none_is_taken_for_the_start_of_another(
    alarm: Alarm,
) -> None:
    lines = write_alarm(alarm).split("\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith(("From ", "-")) for line in lines)
    assert len("\n".join(lines)) <= MAX_DOCUMENT_BYTES


@given(ALARMS)
def test_the_block_is_short_ascii_lines_in_a_fixed_order(alarm: Alarm) -> None:
    text = block(alarm)
    lines = text.split("\n")[:-1]
    assert text.isascii()
    assert text.isprintable() or set(text) - {"\n"} <= set(map(chr, range(32, 127)))
    assert tuple(line.partition(":")[0] for line in lines) == BLOCK_KEYS
    assert all(len(line) < 70 for line in lines if not line.startswith(("URL", "Alarm-Id")))


@pytest.mark.parametrize(
    ("mode", "status", "begins"),
    [
        (Mode.ACTUAL, AlarmStatus.FIRING, "[ALARM 900001] FIRING CRITICAL T1-EX cms: SRM"),
        (Mode.EXERCISE, AlarmStatus.FIRING, "[ALARM 900001] EXERCISE FIRING CRITICAL T1-EX cms:"),
        (Mode.TEST, AlarmStatus.FIRING, "[ALARM 900001] TEST FIRING CRITICAL T1-EX cms:"),
        (Mode.ACTUAL, AlarmStatus.ACKNOWLEDGED, "[ALARM 900001] ACKNOWLEDGED CRITICAL"),
        (Mode.ACTUAL, AlarmStatus.RESOLVED, "[ALARM 900001] RESOLVED CRITICAL"),
    ],
)
def test_the_subject_says_first_what_filters_look_for(
    mode: Mode, status: AlarmStatus, begins: str
) -> None:
    assert subject(replace(ALARM, mode=mode, status=status)).startswith(begins)


def test_accents_go_from_the_subject_and_nothing_of_another_line_comes_in() -> None:
    said = subject(replace(ALARM, summary="Stockage à Genève\r\nBcc: x@y.example"))
    assert said == "[ALARM 900001] FIRING CRITICAL T1-EX cms: Stockage a Geneve Bcc: x@y.example"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "schema"),
        ("[" * 30_000, "no JSON"),
        (changed(schema="urn:ticketgate:alarm:2"), "schema"),
        (changed(seq=True), "seq"),
        (changed(seq=-1), "seq"),
        (changed(seq=2**53), "seq"),
        (changed(seq="4"), "seq"),
        (changed(event="explode"), "event"),
        (changed(status="Firing"), "status"),
        (changed(mode=None), "mode"),
        (changed(site=["T1-EX"]), "site"),
        (changed(site="x" * 201), "site"),
        (changed(alarm_id="hd.example/1;rm"), "alarm_id"),
        (changed(alarm_id="../" * 60), "alarm_id"),
        (changed(nonce="short"), "nonce"),
        (changed(issued_at="2026-01-01"), "issued_at"),
        (changed(issued_at="2026-13-01T00:00:00Z"), "issued_at"),
        (changed(expires_at=None), "expires_at"),
        (changed(labels={"a": 1}), "label"),
        (changed(labels={str(n): "" for n in range(33)}), "label"),
        (changed(description="x" * MAX_DOCUMENT_BYTES), "longer"),
        (write_alarm(ALARM).replace('"seq": 4', '"seq": 4, "seq": 5'), "twice"),
        (write_alarm(ALARM).replace(' "nonce"', ' "nonsense"'), "without nonce"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_what_is_no_alarm_is_refused_with_what_is_wrong(text: str | bytes, why: str) -> None:
    with pytest.raises(Malformed, match=r"alarm\.json") as caught:
        hear_alarm(text)
    assert why in caught.value.detail


@given(st.binary(max_size=300))
def test_bytes_that_are_no_alarm_are_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        hear_alarm(data)


def test_members_that_nobody_knows_are_passed_over() -> None:
    assert hear_alarm(changed(color="red", runbook={"a": [1]})) == ALARM


# The test vector of docs/alarms.md, for whoever writes a reader of their own.
SEED = bytes(range(32))
VECTOR = ROOT / "docs" / "alarm-1.example"


def test_the_published_vector_verifies_in_both_forms_of_line_ends() -> None:
    document = (VECTOR / "alarm.json").read_bytes()
    kid, _, signature = (VECTOR / "alarm.json.sig").read_text().strip().partition(":")
    known, _, public = (VECTOR / "public").read_text().strip().partition(":")
    assert kid == known
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
    signed = base64.urlsafe_b64decode(signature + "==")
    for form in (document, document.replace(b"\n", b"\r\n"), document.rstrip(b"\n")):
        key.verify(signed, signed_content(form))
    assert hear_alarm(document) == ALARM


def test_the_published_vector_is_what_the_daemon_writes() -> None:
    signer = AlarmSigner(Ed25519PrivateKey.from_private_bytes(SEED))
    assert (VECTOR / "alarm.json").read_text() == write_alarm(ALARM) + "\n"
    assert (VECTOR / "alarm.json.sig").read_text() == signer.line(ALARM) + "\n"
    assert (VECTOR / "public").read_text() == f"{signer.kid}:{signer.public}\n"


ANSWERS = st.builds(
    Answer,
    event=st.sampled_from(AnswerEvent),
    alarm_id=st.from_regex(r"[A-Za-z0-9./_-]{0,60}", fullmatch=True),
    seq=st.integers(0, 10**9),
    by=st.from_regex(r"([A-Za-z0-9@.][A-Za-z0-9@. ]{0,30}[A-Za-z0-9@.])?", fullmatch=True).map(
        lambda text: " ".join(text.split())
    ),
    comment=st.lists(st.from_regex(r"[A-Za-z0-9 ]{0,40}[a-z]", fullmatch=True)).map("\n".join),
)


@given(ANSWERS)
def test_an_answer_that_is_written_is_heard(answer: Answer) -> None:
    assert hear_answer(write_answer(answer)) == answer


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Event: ack\n\nOn it.\n", Answer(AnswerEvent.ACK, comment="On it.")),
        ("\n\nevent : ACK\r\nBY: Otto  O\r\n", Answer(AnswerEvent.ACK, by="Otto O")),
        ("Event: resolved\nComment: a\n\nb", Answer(AnswerEvent.RESOLVE, comment="a\n\nb")),
        ("Event: ack\nHello all,\n", Answer(AnswerEvent.ACK, comment="Hello all,")),
        ("Event: ack\nEvent: resolve\n", Answer(AnswerEvent.ACK, comment="Event: resolve")),
        ("Sequence: 99999999999999999\nEvent: ack", Answer(AnswerEvent.ACK)),
    ],
)  # fmt: skip
def test_an_answer_typed_by_a_person_is_heard(text: str, heard: Answer) -> None:
    assert hear_answer(text) == heard


@pytest.mark.parametrize(
    "text", ["", "Hello,\nEvent: ack\n", "Event: explode\n", "> Event: ack\n", "By: Otto\n"]
)
def test_a_text_that_does_not_begin_with_an_event_is_no_answer(text: str) -> None:
    assert hear_answer(text) is None


def test_an_alarm_is_good_for_a_day_so_that_an_outage_does_not_kill_it() -> None:
    assert timedelta(hours=24) == VALID_FOR
