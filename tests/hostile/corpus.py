"""Hostile mails: one builder each, all small in source and large or odd on the wire.

Each is sent through the real daemon by `test_hostile_mails`. `refused` says that a border door must
answer 5xx; everything else must be kept and decided. Sender addresses are of example domains.
"""

import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

FROM = b"From: Eve Evil <eve@evil.example>\r\nTo: support@helpdesk.example\r\n"
MIME = b"MIME-Version: 1.0\r\n"
MIXED = MIME + b"Content-Type: multipart/mixed; boundary=b\r\n"
HTML = MIME + b"Content-Type: text/html; charset=utf-8\r\n"
WORD = b"=?utf-8?q?a_fairly_long_encoded_word?="


@dataclass(frozen=True)
class Hostile:
    """One mail. `marker` must not show up raw in anything that we say."""

    name: str
    raw: bytes
    refused: bool = False
    mail_from: str = "eve@evil.example"


def corpus() -> Iterator[Hostile]:
    """Give every hostile mail."""
    yield from _headers()
    yield from _line_ends()
    yield from _bodies()
    yield from _structures()
    yield from _injections()


def _mail(name: str, *fields: bytes, body: bytes = b"It fails.\r\n", sender: bytes = FROM) -> bytes:
    head = (
        sender
        if any(f.lower().startswith(b"subject:") for f in fields)
        else (sender + b"Subject: " + name.encode() + b"\r\n")
    )
    ident = (
        b""
        if any(f.lower().startswith(b"message-id:") for f in fields)
        else (b"Message-ID: <" + name.replace(" ", "-").encode() + b"@evil.example>\r\n")
    )
    return (
        head
        + ident
        + b"".join(f if f.endswith(b"\r\n") else f + b"\r\n" for f in fields)
        + (b"\r\n" + body)
    )


def _folded(name: bytes, items: list[bytes], *, a_line: int = 1) -> bytes:
    lines = [b" ".join(items[i : i + a_line]) for i in range(0, len(items), a_line)]
    return name + b": " + b"\r\n ".join(lines) + b"\r\n"


def _h(name: str, *fields: bytes, refused: bool = False, body: bytes = b"It fails.\r\n") -> Hostile:
    return Hostile(name, _mail(name, *fields, body=body), refused)


def _headers() -> Iterator[Hostile]:
    yield _h("260 kB of encoded words", _folded(b"Subject", [WORD] * 7_300), refused=True)
    yield _h("50 kB of encoded words", _folded(b"Subject", [WORD] * 1_300))
    yield _h("one line of encoded words", b"Subject: " + WORD * 7_300, refused=True)
    yield Hostile(
        "5000 encoded words in From",
        _mail("from words", sender=_folded(b"From", [*[b"=?utf-8?q?e?="] * 5_000,
              b"<eve@evil.example>"], a_line=40)),
        refused=True,
    )  # fmt: skip
    few = [b"=?utf-8?q?e?="] * 30
    yield Hostile("many encoded words in a short From",
                  _mail("few words", sender=_folded(b"From", [*few, b"<eve@evil.example>"])))  # fmt: skip
    yield _h("20000 addresses", _folded(b"Cc", [b"u%d@evil.example," % i for i in range(20_000)],
                                        a_line=40), refused=True)  # fmt: skip
    yield _h("2500 addresses", _folded(b"Cc", [b"u%d@evil.example," % i for i in range(2_500)],
                                       a_line=40))  # fmt: skip
    yield _h("20000 fields", b"X-Filler: y\r\n" * 20_000, refused=True)
    yield _h("190 fields", b"X-Filler: y\r\n" * 190)
    yield _h("8-bit headers", "Subject: gr\xfc\xdfe \u20ac".encode("latin-1", "replace"))
    yield _h(
        "surrogates in headers", b"Subject: \xed\xa0\x80\xed\xb0\x80 \xff\xfe \xf4\x90\x80\x80"
    )
    yield _h("2000 rfc 2231 parameters", MIME + _folded(
        b"Content-Type", [b"text/plain;", *[b"a*%d*=utf-8''%%41;" % i for i in range(2_000)]],
        a_line=20))  # fmt: skip
    yield _h("name* without a value", MIME + b"Content-Type: text/plain; name*\r\n")
    yield _h("name* of nothing", MIME + b"Content-Type: application/pdf; name*=\r\n"
             b"Content-Disposition: attachment; filename*0*=zz'zz'%ff; filename*2=x\r\n")  # fmt: skip
    yield Hostile("unbalanced comments",
                  _mail("comments", sender=b"From: " + b"(" * 200 + b"eve@evil.example\r\n"
                        b"To: (c):\r\nCc: \"\r\nReply-To: <[b37]>\r\n"))  # fmt: skip
    yield _h("message id in brackets", b"Message-ID: <[b37]>", b"References: <[b37] <<<>>> <a@b",
             b"In-Reply-To: (" + b"(" * 600)  # fmt: skip
    yield _h("1000 references", _folded(b"References", [b"<%d@evil.example>" % i
                                                        for i in range(1_000)], a_line=10))  # fmt: skip
    yield _h("a long reference", b"References: <" + b"r" * 900 + b"@evil.example>",
             b"Message-ID: <" + b"m" * 900 + b"@evil.example>")  # fmt: skip
    yield _h("a date of nonsense", b"Date: Mon, 99 Foo 99999999999 99:99:99 +9999 (" + b"(" * 500)
    yield _h(
        "reply prefixes without end", _folded(b"Subject", [b"Re: Fwd: AW:"] * 4_000, a_line=20)
    )
    yield Hostile("two From lines", _mail("two", sender=FROM + FROM), refused=True)


def _line_ends() -> Iterator[Hostile]:
    yield _h("NUL in the header", b"Subject: a\0b", refused=True)
    yield _h("NUL in the body", body=b"a\0b\r\n", refused=True)
    yield _h("bare CR in the header", b"Subject: a\rBcc: victim@victim.example", refused=True)
    yield _h("bare LF in the header", b"Subject: a\nBcc: victim@victim.example", refused=True)
    yield _h("bare CR in the body", body=b"a\rb\r\r\nc\r\n")
    yield _h("bare LF in the body", body=b"a\nb\n.\nMAIL FROM:<x@evil.example>\n.\n\r\n")
    yield _h("smuggling", body=b"a\n.\r\nMAIL FROM:<x@evil.example>\r\nDATA\r\n\r.\r\nend\r\n")
    yield Hostile("an empty mail", b"")
    yield Hostile("only a header", FROM + b"Subject: only a header\r\n")
    yield Hostile("only a body", b"\r\nonly a body\r\n")
    yield Hostile("only a dot", b".\r\n.\r\n", refused=True)


def _bodies() -> Iterator[Hostile]:
    qp = MIME + b"Content-Transfer-Encoding: quoted-printable\r\n"
    b64 = (
        MIME
        + b"Content-Type: application/pdf; name=x.pdf\r\n"
        + (b"Content-Transfer-Encoding: base64\r\n")
    )
    yield _h("one line of 5 MB", body=b"x" * 5_000_000)
    yield _h("10 MB of text", body=b"Everything is slow since Monday.\r\n" * 300_000)
    yield _h("quoted-printable bomb", qp, body=b"=3D=\r\n" * 1_000_000)
    yield _h("quoted-printable blanks", qp, body=b"= " * 2_000_000)
    yield _h("base64 of nonsense", b64, body=b"@@@@====A" * 500_000)
    yield _h("blank lines", body=b"\r\n" * 2_000_000)
    yield _h("quote marks", body=b"> " * 1_000_000 + b"\r\n" + b">>>> \r\n" * 300_000)
    yield _h("reply lines", body=b"On Mon, Eve wrote:\r\n> x\r\n" * 100_000)
    yield _h("original messages", body=b"-----Original Message-----\r\nFrom: x\r\n" * 50_000)
    yield _h("a line of On", body=b"On " * 500_000 + b"wrote:\r\n")
    yield _h("underscores", body=b"_" * 500_000 + b"\r\n" + b"-- \r\n" * 100_000)
    yield _h("a field block without end", body=b"Site: x\r\nVO: y\r\n" * 100_000)
    yield _h("blanks in a field", body=b"Site: x" + b" " * 500_000 + b"y\r\n")
    yield _h("html of 100000 nested tags", HTML, body=b"<div>" * 100_000 + b"deep\r\n")
    yield _h("html of nested tables", HTML, body=b"<table><tr><td>" * 30_000 + b"deep\r\n")
    yield _h("html of quotes", HTML, body=b"<blockquote>" * 50_000 + b"deep\r\n")
    yield _h("html of entities", HTML, body=b"&nbsp;&#0;&#xD800;&#x202E;&bogus;" * 100_000)
    yield _h("html with script", HTML, body=b"<script>alert(1)</script><style>*{}</style>"
             b"<img src=x onerror=alert(1)><a href='javascript:alert(1)'>here</a>")  # fmt: skip
    yield _h("an unknown charset", MIME + b"Content-Type: text/plain; charset=x-klingon\r\n",
             body=bytes(range(128, 256)) * 2_000 + b"\r\n")  # fmt: skip
    yield _h("a charset that is a codec", MIME + b"Content-Type: text/plain; charset=rot13\r\n",
             body=b"uryyb\r\n")  # fmt: skip
    yield _h("a charset of nonsense",
             MIME + b"Content-Type: text/plain; charset=\"../../etc/passwd%00\"\r\n")  # fmt: skip
    yield _h("utf-7", MIME + b"Content-Type: text/plain; charset=utf-7\r\n",
             body=b"+ADw-script+AD4-alert(1)+2AA-\r\n" * 1_000)  # fmt: skip


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


def _structures() -> Iterator[Hostile]:
    text = b"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
    yield _h("100000 parts", MIXED, body=b"--b\r\n\r\nx\r\n" * 100_000)
    yield _h("a boundary that never comes", MIXED, body=b"--bx\r\n" * 500_000)
    yield _h("nesting of 1500", MIME + b"Content-Type: multipart/mixed; boundary=b0\r\n",
             body=b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
                           % (i, i + 1) for i in range(1_500)))  # fmt: skip
    yield _h("messages in messages", MIME + b"Content-Type: message/rfc822\r\n",
             body=b"Content-Type: message/rfc822\r\n\r\n" * 1_500 + b"From: x\r\n\r\ny\r\n")  # fmt: skip
    yield _h("a zip bomb", MIXED, body=text + _part(b"application/zip", b"x.zip", _bomb()))
    yield _h("winmail.dat", MIXED, body=text + _part(
        b"application/ms-tnef", b"winmail.dat", b"\x78\x9f\x3e\x22" + b"\xff" * 20_000))  # fmt: skip
    yield _h("an attachment of 17 MB", MIXED,
             body=text + _part(b"application/octet-stream", b"big.bin", b"\x5a" * 17_000_000))  # fmt: skip
    yield _h("an attachment over the limit", MIXED, refused=True,
             body=text + _part(b"application/octet-stream", b"big.bin", b"\x5a" * 25_000_000))  # fmt: skip
    names = [b"../../../etc/passwd", b"C:\\\\x\\\\con", b".." * 200, b"a" * 900, b"x\x1b[2J.txt",
             b"=?utf-8?q?=0D=0ABcc=3A_x=40victim.example?=", "\u202ecod.exe".encode(), b"<b>.html",
             b"{{7*7}}.txt", b"|rm -rf ~", b"  .  "]  # fmt: skip
    yield _h("hostile file names", MIXED,
             body=text + b"".join(_part(b"text/plain", name, b"x") for name in names))  # fmt: skip
    yield _h("a forged delivery report",
             MIME + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
             body=b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
             + b"Final-Recipient: rfc822; a@b.example\r\nStatus: 5.0.0\r\n\r\n" * 20_000)  # fmt: skip


def _injections() -> Iterator[Hostile]:
    yield _h("ansi and rtl in the subject", "Subject: \x1b[31mred\x1b]0;title\x07 \u202egnp.exe\u202c"
             " \u200b\u2066x\u2069".encode(), body="\x1b[2J\u202eabc\x08\x07\r\n".encode())  # fmt: skip
    yield Hostile("templates everywhere", _mail(
        "t", b"Subject: {{ 7*7 }} {% raw %} ${7*7} %(x)s [/bold] [red]x[/red] #{7*7}",
        sender=b'From: "{{ 7*7 }} [/bold] {%" <eve@evil.example>\r\n',
        body=b"Site: {{ 7*7 }}\r\nCc: {{x}}@evil.example\r\n\r\n{{ 7*7 }} {% if %} [/bold] [link=x]\r\n"))  # fmt: skip
    yield _h("line ends in encoded words", b"Subject: =?utf-8?q?hi=0D=0ABcc=3A_victim=40victim."
             b"example=0D=0A=0D=0AInjected_body?= =?utf-8?b?DQpYLUluamVjdGVkOiB5ZXMNCg==?=")  # fmt: skip
    yield Hostile("line ends in a name", _mail(
        "n", sender=b"From: =?utf-8?q?Eve=0D=0ABcc=3A_victim=40victim.example?= <eve@evil.example>"
        b"\r\nReply-To: =?utf-8?q?=0AX-Injected=3A_1?= <eve@evil.example>\r\n"))  # fmt: skip
    yield Hostile("line ends in an address", _mail(
        "a", sender=b"From: \"eve\\\r\n Bcc: victim@victim.example\"@evil.example\r\n"))  # fmt: skip
    yield _h("unicode line ends", "Subject: a\u2028Bcc: victim@victim.example\u2029b\x85c\x0bd\x0ce"
             .encode(), body="x\u2028y\x85z\x0b\x0c\x1c\x1d\x1e\r\n".encode())  # fmt: skip
    yield _h("our own tag and tokens", b"Subject: [GGUS-Ticket-ID: #100001] GGUS-Ticket-ID: #1"
             b" GGUS-Ticket-ID: #999999999999999999999999999999", b"X-Loop: other.example",
             b"In-Reply-To: <" + b"a" * 40 + b".1@helpdesk.example>")  # fmt: skip
    yield _h("a subject of nothing", b"Subject: =?utf-8?q??= =?x?q?=00=01?= =?utf-8?b?////?=")
    yield Hostile("an envelope sender of nonsense",
                  _mail("e"), mail_from='"a\\ b<>@{{7*7}}"@evil.example')  # fmt: skip
    yield Hostile("a huge word", _mail("w", b"Subject: " + b"W" * 900, body=b"W" * 900_000))
