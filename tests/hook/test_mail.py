"""What is found in a mail, whatever it went through on its way."""

import base64
import quopri
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.hook.mail import MAX_MAIL_BYTES, Found, find
from gateway.hook.verify import by_openssl, signers, way
from parsers.alarm_document import hear_alarm, write_alarm
from tests.cost import costs_less_than
from tests.hook.site import HELPDESK, Signer, alarm

SIGNER = Signer()
KEYS = {HELPDESK: {SIGNER.kid: SIGNER.key.public_key().public_bytes_raw()}}
CHECK = way(Path("/usr/bin/openssl"), Path("/nonexistent"))
DOCUMENT = write_alarm(alarm(summary="Zażółć SRM", description="a\nb " * 100))
MAIL = SIGNER.mail(DOCUMENT)


def holds(raw: bytes) -> bool:
    found = find(raw)
    made = [signers(one, tuple(found.signatures), KEYS, CHECK) for one in found.documents]
    return made == [frozenset({HELPDESK})] and hear_alarm(found.documents[0]).seq == 1


def recoded(encode: str) -> bytes:
    """The mail after a server that encodes each part anew."""
    parts = []
    for body, kind, name in (
        (DOCUMENT, "application/json", "alarm.json"),
        (SIGNER.signature(DOCUMENT), "application/octet-stream", "alarm.json.sig"),
    ):
        wire = (body + "\n").replace("\n", "\r\n").encode()
        done = base64.encodebytes(wire) if encode == "base64" else quopri.encodestring(wire)
        parts.append(
            f"Content-Type: {kind};\r\n name={name}\r\nContent-Transfer-Encoding: {encode}\r\n\r\n"
            + done.decode("ascii")
        )
    inner = "\r\n--b\r\n".join(["", *parts])
    return f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{inner}\r\n--b--\r\n".encode()


def attached(raw: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" + raw


def smime(raw: bytes) -> bytes:
    head = (
        b"From: a@example.org\r\nContent-Type: multipart/signed; micalg=sha-256;\r\n"
        b'\tprotocol="application/pkcs7-signature"; boundary="=_x\'y"\r\n\r\n'
    )
    tail = b"\r\n--=_x'y\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--=_x'y--\r\n"
    return head + b"text before\r\n--=_x'y\r\n" + raw + tail


def listed(raw: bytes) -> bytes:
    """A list puts the mail into a new multipart and adds its footer."""
    head = b'Subject: [list]\r\nContent-Type: multipart/mixed; boundary="L"\r\n\r\n--L\r\n'
    return head + raw + b"\r\n--L\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--L--\r\n"


FORMS = {
    "as sent": MAIL,
    "from a pipe": MAIL.replace(b"\r\n", b"\n"),
    "with an mbox line": b"From alarms Thu Jan  1 00:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n"),
    "base64": recoded("base64"),
    "base64 from a pipe": recoded("base64").replace(b"\r\n", b"\n"),
    "quoted-printable": recoded("quoted-printable"),
    "in S/MIME": smime(MAIL),
    "in S/MIME from a pipe": smime(MAIL).replace(b"\r\n", b"\n"),
    "attached": attached(MAIL),
    "attached in S/MIME, by a list": listed(smime(attached(MAIL))),
    "another JSON type": MAIL.replace(b"application/json", b"application/x-y+json"),
    "a nameless signature": MAIL.replace(b"alarm.json.sig", b"att-2.bin"),
    "only named": MAIL.replace(b"application/json", b"application/octet-stream"),
    "without the last boundary": MAIL[: MAIL.rindex(b"\r\n--")],
    "type in capitals": MAIL.replace(b"Content-Type: app", b"CONTENT-TYPE:  APP"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_signature_holds(form: str) -> None:
    assert holds(FORMS[form])


@pytest.mark.parametrize(
    ("what", "raw"),
    [
        (
            "text only",
            MAIL.replace(b"application/json", b"text/plain").replace(b"alarm.json", b"x"),
        ),
        ("another schema", MAIL.replace(b"urn:ticketgate:alarm:1", b"urn:other:1")),
        ("too long", MAIL + b" " * MAX_MAIL_BYTES),
        ("nothing", b""),
    ],
)
def test_what_is_no_document_is_not_found(what: str, raw: bytes) -> None:
    assert find(raw).documents == (), what


def test_a_changed_letter_breaks_it() -> None:
    assert not holds(MAIL.replace(b'"critical"', b'"minor"'))
    assert not holds(MAIL.replace(b"SRM", b"SRN"))


def test_a_second_document_is_not_taken_for_the_signed_one() -> None:
    forged = MAIL.replace(b'"critical"', b'"minor"')
    found = find(listed(forged) + b"\r\n" + MAIL)
    both = find(b"Content-Type: multipart/mixed; boundary=Z\r\n\r\n--Z\r\n"
                + forged + b"\r\n--Z\r\n" + MAIL + b"\r\n--Z--\r\n")  # fmt: skip
    assert len(found.documents) == 1
    good = [one for one in both.documents if signers(one, tuple(both.signatures), KEYS, CHECK)]
    assert [hear_alarm(one).severity.value for one in good] == ["critical"]


HOSTILE = {
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\r\n--b\r\n\r\nx" * 20_000,
    "depth": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3_000)
    ),
    "attached for ever": b"Content-Type: message/rfc822\r\n\r\n" * 8_000,
    "encoded words": b"Subject: " + b" =?utf-8?q?x?=" * 18_000 + b"\r\n\r\n",
    "addresses": b"To: " + b"a@example.org, " * 17_000 + b"\r\n\r\n",
    "parameters": b"Content-Type: multipart/mixed" + b'; boundary="' * 20_000 + b"\r\n\r\n",
    "blanks": b"Content-Type: a/b;" + b" " * 250_000 + b"\r\n\r\n",
    "folds": b"Content-Type: a/b" + b"\r\n " * 80_000 + b"\r\n\r\n",
    "no header end": b"A: b\r\n" * 40_000,
    "message id": b"Message-ID: <" + b"[" * 200_000,
    "signatures": b"Content-Type: a/b\r\n\r\n" + b"k:" * 100_000,
    "boundaries": b"Content-Type: multipart/mixed; boundary=-\r\n\r\n" + b"\r\n-" * 80_000,
    "empty lines": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\r\n" * 120_000,
    "base64 pads": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=" * 100_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_no_mail_takes_long(what: str) -> None:
    with costs_less_than(1):
        find(HOSTILE[what][:MAX_MAIL_BYTES])


@given(st.binary(max_size=2_000))
def test_any_bytes_give_something(raw: bytes) -> None:
    assert isinstance(find(raw), Found)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_mail_never_verifies_as_another(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(MAIL) - 1))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=8))
    found = find(MAIL[:at] + put + MAIL[at + cut :])
    for document in found.documents:
        if signers(document, tuple(found.signatures), KEYS, CHECK):
            assert hear_alarm(document) == hear_alarm(DOCUMENT)


def test_the_program_and_the_library_agree(place: Path) -> None:
    content = b"x" * 5_000
    signature, key = SIGNER.key.sign(content), SIGNER.key.public_key().public_bytes_raw()
    other = Signer().key.public_key().public_bytes_raw()
    cases = [
        (key, signature, content),
        (key, signature, content + b"!"),
        (other, signature, content),
        (key, bytes(64), content),
    ]
    by_program = [by_openssl(Path("/usr/bin/openssl"), place, *case) for case in cases]
    assert by_program == [CHECK(*case) for case in cases] == [True, False, False, False]
    assert list(place.iterdir()) == []


def test_a_mail_of_pythons_own_library_is_read() -> None:
    outer = EmailMessage(policy=SMTP)
    outer["Subject"] = "Fwd: alarm"
    outer.set_content("see below")
    outer.add_attachment(MAIL, maintype="application", subtype="octet-stream", filename="a.eml")
    assert find(bytes(outer)).documents == ()
    inner = EmailMessage(policy=SMTP)
    inner.set_content("see below")
    inner.add_attachment(DOCUMENT.encode(), maintype="application", subtype="json")
    inner.add_attachment(
        SIGNER.signature(DOCUMENT).encode(), maintype="application", subtype="octet-stream"
    )
    assert holds(bytes(inner))
