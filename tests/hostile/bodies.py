"""Hostile bodies and structures."""

import base64
import io
import zipfile
from collections.abc import Iterator

from hostile.building import HTML, MIME, MIXED, Hostile, hostile


def bodies() -> Iterator[Hostile]:
    qp = MIME + b"Content-Transfer-Encoding: quoted-printable\r\n"
    b64 = (
        MIME
        + b"Content-Type: application/pdf; name=x.pdf\r\n"
        + (b"Content-Transfer-Encoding: base64\r\n")
    )
    yield hostile("one line of 5 MB", body=b"x" * 5_000_000)
    yield hostile("10 MB of text", body=b"Everything is slow since Monday.\r\n" * 300_000)
    yield hostile("quoted-printable bomb", qp, body=b"=3D=\r\n" * 1_000_000)
    yield hostile("quoted-printable blanks", qp, body=b"= " * 2_000_000)
    yield hostile("base64 of nonsense", b64, body=b"@@@@====A" * 500_000)
    yield hostile("blank lines", body=b"\r\n" * 2_000_000)
    yield hostile("quote marks", body=b"> " * 1_000_000 + b"\r\n" + b">>>> \r\n" * 300_000)
    yield hostile("reply lines", body=b"On Mon, Eve wrote:\r\n> x\r\n" * 100_000)
    yield hostile("original messages", body=b"-----Original Message-----\r\nFrom: x\r\n" * 50_000)
    yield hostile("a line of On", body=b"On " * 500_000 + b"wrote:\r\n")
    yield hostile("underscores", body=b"_" * 500_000 + b"\r\n" + b"-- \r\n" * 100_000)
    yield hostile("a field block without end", body=b"Site: x\r\nVO: y\r\n" * 100_000)
    yield hostile("blanks in a field", body=b"Site: x" + b" " * 500_000 + b"y\r\n")
    yield hostile("html of 100000 nested tags", HTML, body=b"<div>" * 100_000 + b"deep\r\n")
    yield hostile("html of nested tables", HTML, body=b"<table><tr><td>" * 30_000 + b"deep\r\n")
    yield hostile("html of quotes", HTML, body=b"<blockquote>" * 50_000 + b"deep\r\n")
    yield hostile("html of entities", HTML, body=b"&nbsp;&#0;&#xD800;&#x202E;&bogus;" * 100_000)
    yield hostile(
        "html with script",
        HTML,
        body=b"<script>alert(1)</script><style>*{}</style>"
        b"<img src=x onerror=alert(1)><a href='javascript:alert(1)'>here</a>",
    )
    yield hostile(
        "an unknown charset",
        MIME + b"Content-Type: text/plain; charset=x-klingon\r\n",
        body=bytes(range(128, 256)) * 2_000 + b"\r\n",
    )
    yield hostile(
        "a charset that is a codec",
        MIME + b"Content-Type: text/plain; charset=rot13\r\n",
        body=b"uryyb\r\n",
    )
    yield hostile(
        "a charset of nonsense",
        MIME + b'Content-Type: text/plain; charset="../../etc/passwd%00"\r\n',
    )
    yield hostile(
        "utf-7",
        MIME + b"Content-Type: text/plain; charset=utf-7\r\n",
        body=b"+ADw-script+AD4-alert(1)+2AA-\r\n" * 1_000,
    )


def structures() -> Iterator[Hostile]:
    text = b"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
    yield hostile("100000 parts", MIXED, body=b"--b\r\n\r\nx\r\n" * 100_000)
    yield hostile("a boundary that never comes", MIXED, body=b"--bx\r\n" * 500_000)
    yield hostile(
        "nesting of 1500",
        MIME + b"Content-Type: multipart/mixed; boundary=b0\r\n",
        body=b"".join(
            b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1)
            for i in range(1_500)
        ),
    )
    yield hostile(
        "messages in messages",
        MIME + b"Content-Type: message/rfc822\r\n",
        body=b"Content-Type: message/rfc822\r\n\r\n" * 1_500 + b"From: x\r\n\r\ny\r\n",
    )
    yield hostile("a zip bomb", MIXED, body=text + _part(b"application/zip", b"x.zip", _bomb()))
    yield hostile(
        "winmail.dat",
        MIXED,
        body=text
        + _part(b"application/ms-tnef", b"winmail.dat", b"\x78\x9f\x3e\x22" + b"\xff" * 20_000),
    )
    yield hostile(
        "an attachment of 17 MB",
        MIXED,
        body=text + _part(b"application/octet-stream", b"big.bin", b"\x5a" * 17_000_000),
    )
    yield hostile(
        "an attachment over the limit",
        MIXED,
        refused=True,
        body=text + _part(b"application/octet-stream", b"big.bin", b"\x5a" * 25_000_000),
    )
    names = [
        b"../../../etc/passwd",
        b"C:\\\\x\\\\con",
        b".." * 200,
        b"a" * 900,
        b"x\x1b[2J.txt",
        b"=?utf-8?q?=0D=0ABcc=3A_x=40victim.example?=",
        "\u202ecod.exe".encode(),
        b"<b>.html",
        b"{{7*7}}.txt",
        b"|rm -rf ~",
        b"  .  ",
    ]
    yield hostile(
        "hostile file names",
        MIXED,
        body=text + b"".join(_part(b"text/plain", name, b"x") for name in names),
    )
    yield hostile(
        "a forged delivery report",
        MIME + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
        body=b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b.example\r\nStatus: 5.0.0\r\n\r\n" * 20_000,
    )


def _part(kind: bytes, name: bytes, content: bytes) -> bytes:
    return (
        b"--b\r\nContent-Type: " + kind + b'; name="' + name + b'"\r\nContent-Disposition:'
        b' attachment; filename="'
        + name
        + b'"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(content).replace(b"\n", b"\r\n")
    )


def _bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../../etc/cron.d/evil", b"\0" * 50_000_000)
    return file.getvalue()
