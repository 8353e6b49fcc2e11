"""For any bytes at all, and for any change of a signed mail."""

import asyncio
import re
from contextlib import suppress
from functools import cache
from hashlib import sha256

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.proofs import arc, results
from gateway.proofs.binding import binds_text
from gateway.proofs.canonical import body_hash
from gateway.proofs.dkim import dkim_proofs
from gateway.proofs.keyrecord import KeyRules, read_key
from gateway.proofs.signature import Unsound, read_signature
from gateway.proofs.tags import NotTags, read_tags
from parsers.evidence import ProofStatus
from parsers.gate import look
from parsers.header import read_header
from parsers.parts import read_parts
from tests.proofs import keys
from tests.proofs.mails import NOW, mail


class Known:
    """A look-up that knows one key, whatever it is asked for."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        del name
        return (f"v=DKIM1; p={keys.public_rsa(keys.rsa_key())}".encode(),)

    async def ask(self, name: str, kind: str) -> tuple[bytes, ...]:
        del name, kind
        return ()


def status(raw: bytes) -> list[ProofStatus]:
    proofs = asyncio.run(dkim_proofs(raw, read_header(raw), Known(), KeyRules(), NOW))
    return [proof.status for proof in proofs]


@cache
def genuine(canonical: str) -> bytes:
    body = "Line one.\r\n\r\n  two  blanks \t.\r\nAlarm: helpdesk.example\r\n"
    raw = mail(body=body, MIME_Version="1.0", Content_Type="text/plain; charset=utf-8")
    h = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "from")
    return keys.signed(raw, h=h, c=canonical, t=str(int(NOW.timestamp())))


SHARP = st.sampled_from(
    [b"DKIM-Signature: ", b"v=1; ", b"a=rsa-sha256; ", b"d=vo.example; ", b"s=s1; ", b"h=from; ",
     b"bh=", b"b=", b";", b"=", b"\r\n", b"\r\n ", b"From: a@vo.example\r\n", b"l=1; ", b"\x00",
     b"x=", b"t=", b"9" * 20, b"i=@", b"ARC-Seal: i=1; ", b"Content-Type: multipart/mixed; ",
     b"boundary=", b"\xff"]
)  # fmt: skip
BYTES = st.one_of(st.binary(max_size=300), st.lists(SHARP, max_size=30).map(b"".join))


@settings(max_examples=300, deadline=None)
@given(BYTES)
def test_no_bytes_raise_and_none_pass(raw: bytes) -> None:
    assert ProofStatus.PASS not in status(raw)
    assert ProofStatus.PASS not in status(b"DKIM-Signature: " + raw)
    header = read_header(raw)
    for proof in results.results_proofs(header, "imap", "mx.example.org", "ada@vo.example"):
        assert proof.status is not ProofStatus.PASS
    said = asyncio.run(arc.arc_proofs(raw, header, None, frozenset({"vo.example"}), Known()))
    assert all(proof.status is not ProofStatus.PASS for proof in said)
    binds_text(read_parts(raw)[0], lambda _: False)


@settings(max_examples=300, deadline=None)
@given(BYTES)
def test_no_key_record_and_no_signature_raises_anything_else(raw: bytes) -> None:
    whole = keys.signature(mail()).partition(b":")[2]
    one = read_signature(b"".join(whole.split(b"\r\n")), NOW)
    for read in (
        lambda: read_tags(raw),
        lambda: read_signature(raw, NOW),
        lambda: read_key((raw,), one, KeyRules()),
        lambda: read_key((b"v=DKIM1; p=" + raw,), one, KeyRules()),
    ):
        with suppress(NotTags, Unsound):
            read()


PIECES = st.sampled_from([b"\r\n", b" ", b"\t", b"x", b" \r\n", b"\r", b"\xff", b"  y"])


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_our_forms_of_a_body_are_the_librarys(body: bytes) -> None:
    for ours, theirs in ((True, Relaxed), (False, Simple)):
        wanted = sha256(theirs.canonicalize_body(body)).digest()
        assert body_hash(body, relaxed=ours) == wanted


@settings(max_examples=200, deadline=None)
@given(BYTES)
def test_no_results_field_raises(raw: bytes) -> None:
    field = raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
    top = b"Authentication-Results: mx.example.org; " + field + b"\r\nReceived: now\r\n"
    results.results_proofs(read_header(top + mail()), "imap", "mx.example.org", "ada@vo.example")


@pytest.mark.parametrize("canonical", ["relaxed/relaxed", "simple/simple"])
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_changed_byte_passes(canonical: str, data: st.DataObject) -> None:
    """Any byte but blanks and letter case, which the relaxed form forgives by its definition."""
    raw = genuine(canonical)
    assert status(raw) == [ProofStatus.PASS]
    at = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = raw[:at] + bytes([byte]) + raw[at + 1 :]
    if form(changed, canonical) == form(raw, canonical) or look(changed).faults:
        return
    assert ProofStatus.PASS not in status(changed), (at, raw[at : at + 1], bytes([byte]))


@pytest.mark.parametrize("canonical", ["relaxed/relaxed", "simple/simple"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_nothing_put_into_a_signed_mail_passes(canonical: str, data: st.DataObject) -> None:
    raw = genuine(canonical)
    at = data.draw(st.integers(0, len(raw)))
    piece = data.draw(st.one_of(st.binary(min_size=1, max_size=8), SHARP))
    changed = raw[:at] + piece + raw[at:]
    if form(changed, canonical) == form(raw, canonical) or look(changed).faults:
        return
    head = changed.partition(b"\r\n\r\n")[0]
    if signed_fields(head) == signed_fields(raw.partition(b"\r\n\r\n")[0]) and body(
        changed, canonical
    ) == body(raw, canonical):
        return  # another field that nobody signed
    assert ProofStatus.PASS not in status(changed)


SIGNED = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type",
          b"dkim-signature")  # fmt: skip


def signed_fields(head: bytes) -> list[bytes]:
    """The fields that the signature covers, in the relaxed form."""
    lines = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    found = [line.partition(b":") for line in lines]
    return [
        name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value).strip()
        for name, _, value in found
        if name.lower() in SIGNED
    ]


def body(raw: bytes, canonical: str) -> bytes:
    text = raw.partition(b"\r\n\r\n")[2].rstrip(b"\r\n")
    if canonical.endswith("simple"):
        return text
    return re.sub(rb"[ \t]+", b" ", re.sub(rb"[ \t]+(?=\r\n|$)", b"", text)).rstrip(b"\r\n")


def form(raw: bytes, canonical: str) -> tuple[object, bytes]:
    """What the signature sees of a mail; blanks inside b= and the case of names are free."""
    head = raw.partition(b"\r\n\r\n")[0]
    if canonical.startswith("relaxed"):
        return [_packed(line) for line in signed_fields(head)], body(raw, canonical)
    return _packed(head), body(raw, canonical)


def _packed(text: bytes) -> bytes:
    """Take the blanks out of the value of b=, which may be folded in any way."""
    return re.sub(rb"([ \t\n]b=)([A-Za-z0-9+/=\s]+)", lambda m: m[1] + b"".join(m[2].split()), text)
