"""Whether the text that people read is bound: what whoever has a signed mail can still change.

In each attack the signature holds, because what was changed is not signed.
"""

import base64
import quopri
import tracemalloc

import pytest

from gateway.proofs.binding import binds_text
from gateway.proofs.dns import Lookup
from parsers.evidence import ProofStatus
from parsers.mail import hear
from parsers.parts import read_parts
from tests.proofs.keys import signed
from tests.proofs.mails import mail, one

GMAIL = ("to", "subject", "message-id", "date", "from", "mime-version")
MICROSOFT = ("from", "date", "subject", "message-id", "content-type", "mime-version",
             "x-ms-exchange-senderadcheck")  # fmt: skip
EVERYTHING = (*GMAIL, "content-type", "content-transfer-encoding")
PLAIN = "text/plain; charset=utf-8"
TWO = (
    '--000a\r\nContent-Type: text/plain; charset="UTF-8"\r\n\r\nAlarm: helpdesk.example\r\n\r\n'
    '--000a\r\nContent-Type: text/html; charset="UTF-8"\r\n\r\n<p>Alarm: helpdesk.example</p>\r\n'
    "--000a--\r\n"
)
BASE64 = base64.encodebytes(b"Alarm: helpdesk.example\n" * 9).decode().replace("\n", "\r\n")
QUOTED = (
    "Sorry, I am away.\r\n\r\n-----Original Message-----\r\nFrom: Mallory <m@attacker.test>\r\n"
    "Subject: hello\r\n\r\nAlarm: helpdesk.example\r\nSite: FZK-LCG2\r\n"
)


def gmail(content_type: str, body: str, *extra: str, **changes: str) -> bytes:
    return signed(mail(*extra, body=body, MIME_Version="1.0", Content_Type=content_type, **changes),
                  h=GMAIL)  # fmt: skip


async def is_bound(raw: bytes, lookup: Lookup) -> bool:
    proof = await one(raw, lookup)
    assert proof.status is ProofStatus.PASS, proof
    return "body" in proof.covers


async def test_gmail_alternative_without_signed_content_type_is_bound(lookup: Lookup) -> None:
    raw = gmail('multipart/alternative; boundary="000a"', TWO)
    proof = await one(raw, lookup)
    assert proof.covers == {*GMAIL, "body"}


async def test_gmail_with_a_picture_or_a_file_is_bound(lookup: Lookup) -> None:
    inner = TWO.replace("000a", "000b")
    body = (
        '--000a\r\nContent-Type: multipart/alternative; boundary="000b"\r\n\r\n'
        f'{inner}\r\n--000a\r\nContent-Type: image/png; name="x.png"\r\n\r\nx\r\n--000a--\r\n'
    )
    assert await is_bound(gmail('multipart/mixed; boundary="000a"', body), lookup)
    assert await is_bound(gmail('multipart/related; boundary="000a"', body), lookup)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", "Alarm: helpdesk.example\r\nhttps://a.example/?id=12\r\n"),
        ("7bit", "Alarm: helpdesk.example\r\n"),
        ("quoted-printable", "Gr=C3=BC=C3=9Fe, x =3D 1 =\r\nand more\r\n"),
        ("base64", BASE64),
    ],
    ids=["none", "7bit", "quoted-printable", "base64"],
)  # fmt: skip
async def test_a_plain_text_of_gmail_is_bound_in_every_encoding(
    lookup: Lookup, encoding: str, body: str
) -> None:
    assert await is_bound(gmail(PLAIN, body, Content_Transfer_Encoding=encoding), lookup)


@pytest.mark.parametrize("body", ["", "\r\n", " \r\n\t\r\n" * 2_000])
async def test_a_mail_without_a_text_is_bound_as_plain_text_and_as_nothing_else(
    lookup: Lookup, body: str
) -> None:
    assert await is_bound(gmail(PLAIN, body), lookup)
    for other in ("text/plain; charset=utf-16", "text/html", "multipart/mixed; boundary=x"):
        assert not await is_bound(gmail(other, body), lookup)


async def test_microsoft_signs_no_to_and_gives_no_time(lookup: Lookup) -> None:
    raw = mail(body=TWO, MIME_Version="1.0", Content_Type='multipart/alternative; boundary="000a"')
    proof = await one(signed(raw, h=MICROSOFT), lookup)
    assert proof.covers == {"from", "date", "subject", "message-id", "content-type",
                            "mime-version", "body"}  # fmt: skip
    assert proof.signed_at is not None


async def test_everything_signed_is_bound_whatever_it_is(lookup: Lookup) -> None:
    body = quopri.encodestring(b"A: =0A\n").decode().replace("\n", "\r\n")
    raw = mail(body=body, MIME_Version="1.0", Content_Type="text/html; charset=utf-7",
               Content_Transfer_Encoding="quoted-printable")  # fmt: skip
    assert await is_bound(signed(raw, h=EVERYTHING), lookup)


async def test_signed_as_absent_is_bound(lookup: Lookup) -> None:
    assert await is_bound(signed(mail(), h=EVERYTHING), lookup)


async def test_a_quoted_mail_is_not_made_the_mail_by_a_new_content_type(lookup: Lookup) -> None:
    """The line of hyphens above a quoted mail is the body's first line that begins with `--`."""
    genuine = gmail(PLAIN, QUOTED)
    assert await is_bound(genuine, lookup)
    forged = genuine.replace(
        PLAIN.encode(), b'multipart/mixed; boundary="---Original Message-----"'
    )
    assert hear(forged).visible.startswith("Alarm: helpdesk.example")  # so a reader is fooled
    assert not await is_bound(forged, lookup)


async def test_a_later_boundary_is_not_made_the_first(lookup: Lookup) -> None:
    body = TWO.replace("000a--", "000a--\r\n--evil\r\n\r\nother text\r\n--evil--")
    assert not await is_bound(gmail('multipart/mixed; boundary="evil"', body), lookup)


async def test_a_name_with_an_escape_is_not_made_a_line(lookup: Lookup) -> None:
    genuine = gmail(PLAIN, "=0A=0AAlarm: helpdesk.example=0A wrote:\r\n> hello\r\n")
    assert await is_bound(genuine, lookup)
    encoding = b"Content-Transfer-Encoding: quoted-printable\r\n"
    forged = genuine.replace(b"MIME-Version:", encoding + b"MIME-Version:")
    assert hear(forged).visible.startswith("Alarm: helpdesk.example")
    assert not await is_bound(forged, lookup)


@pytest.mark.parametrize("escape", ["=0A", "=0D=0A", "=C2=85", "=E2=80=A8", "=0C", "=3C", "=41"])
async def test_no_escape_makes_a_line_or_a_letter(lookup: Lookup, escape: str) -> None:
    raw = gmail(PLAIN, f"x{escape}Alarm: y\r\n", Content_Transfer_Encoding="quoted-printable")
    assert not await is_bound(raw, lookup)


async def test_a_soft_line_end_is_not_made_a_hard_one(lookup: Lookup) -> None:
    genuine = gmail(PLAIN, "I tried x =\r\nAlarm: y\r\n",
                    Content_Transfer_Encoding="quoted-printable")  # fmt: skip
    assert await is_bound(genuine, lookup)
    forged = genuine.replace(b"Encoding: quoted-printable", b"Encoding: 7bit")
    assert not await is_bound(forged, lookup)


async def test_a_text_is_not_made_base64(lookup: Lookup) -> None:
    raw = gmail(PLAIN, "On QWxhcm06IGhlbHBkZXNr wrote:\r\n", Content_Transfer_Encoding="base64")
    assert not await is_bound(raw, lookup)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html; charset=utf-8", "text/plain; charset=utf-7", "text/plain; charset=utf-16",
        "text/plain; charset=cp037", "text/plain; charset=hz", "text/plain; charset=nobody-knows",
        "text/plain; name=x.txt", "application/octet-stream", "message/rfc822", "text/enriched",
        "multipart/mixed", "multipart/digest; boundary=x", "multipart/report; boundary=x",
    ],
)  # fmt: skip
async def test_plain_text_is_not_called_something_else(lookup: Lookup, content_type: str) -> None:
    genuine = gmail(PLAIN, "x +AAo-Alarm: y\r\n")
    assert await is_bound(genuine, lookup)
    assert not await is_bound(genuine.replace(PLAIN.encode(), content_type.encode()), lookup)


async def test_a_byte_is_not_made_a_line_end_by_another_charset(lookup: Lookup) -> None:
    text = "On … Alarm: y\r\n"
    genuine = gmail("text/plain; charset=windows-1252", "@@").replace(b"@@", b"")
    raw = mail(MIME_Version="1.0", Content_Type="text/plain; charset=windows-1252", body="")
    genuine = signed(raw + text.encode("windows-1252"), h=GMAIL)
    assert await is_bound(genuine, lookup)
    forged = genuine.replace(b"windows-1252", b"iso-8859-2")
    assert not await is_bound(forged, lookup)


def test_a_mail_of_short_lines_costs_little_memory() -> None:
    top, _ = read_parts(mail(body="ab\r\n" * 250_000, Content_Type=PLAIN))
    tracemalloc.start()
    assert binds_text(top, lambda _: False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * len(top.raw), "every line would be an object of its own"


async def test_an_enclosed_text_is_not_made_an_alternative(lookup: Lookup) -> None:
    body = (
        "--a\r\nContent-Type: text/plain\r\n\r\nSee what I was sent.\r\n"
        "--a\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=x\r\n\r\n"
        "Alarm: helpdesk.example\r\n--a--\r\n"
    )
    genuine = gmail("multipart/mixed; boundary=a", body)
    assert await is_bound(genuine, lookup)
    forged = genuine.replace(b"multipart/mixed", b"multipart/alternative")
    assert not await is_bound(forged, lookup)


async def test_a_multipart_is_not_shown_as_its_source(lookup: Lookup) -> None:
    genuine = gmail('multipart/alternative; boundary="000a"', TWO)
    forged = genuine.replace(b'multipart/alternative; boundary="000a"', b"text/plain")
    assert not await is_bound(forged, lookup)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-own"])
async def test_a_multipart_is_not_encoded(lookup: Lookup, encoding: str) -> None:
    raw = gmail('multipart/mixed; boundary="000a"', TWO, Content_Transfer_Encoding=encoding)
    assert not await is_bound(raw, lookup)


async def test_a_text_is_not_put_aside_as_a_file(lookup: Lookup) -> None:
    raw = gmail(PLAIN, "x\r\n", Content_Disposition="attachment; filename=x")
    assert not await is_bound(raw, lookup)
    assert await is_bound(gmail(PLAIN, "x\r\n", Content_Disposition="inline"), lookup)


async def test_a_preamble_is_no_text_but_the_usual_sentence_is_allowed(lookup: Lookup) -> None:
    kind = 'multipart/alternative; boundary="000a"'
    usual = "This is a multi-part message in MIME format.\r\n"
    assert await is_bound(gmail(kind, usual + TWO), lookup)
    assert not await is_bound(gmail(kind, "Sorry, I am away.\r\n" + TWO), lookup)


async def test_an_unsigned_encoding_under_a_signed_html_type_is_bound_by_plain_escapes_only(
    lookup: Lookup,
) -> None:
    h = (*GMAIL, "content-type")
    about = {"MIME_Version": "1.0", "Content_Type": "text/html; charset=utf-8",
             "Content_Transfer_Encoding": "quoted-printable"}  # fmt: skip
    assert await is_bound(signed(mail(body="<p>a=3D1</p>\r\n", **about), h=h), lookup)
    assert not await is_bound(signed(mail(body="a=3Cbr=3Eb\r\n", **about), h=h), lookup)
