"""Hostile header blocks and line ends."""

from collections.abc import Iterator

from hostile.building import FROM, MIME, Hostile, folded, hostile, mail_of

WORD = b"=?utf-8?q?a_fairly_long_encoded_word?="


def headers() -> Iterator[Hostile]:
    yield hostile("260 kB of encoded words", folded(b"Subject", [WORD] * 7_300), refused=True)
    yield hostile("50 kB of encoded words", folded(b"Subject", [WORD] * 1_300))
    yield hostile("one line of encoded words", b"Subject: " + WORD * 7_300, refused=True)
    yield Hostile(
        "5000 encoded words in From",
        mail_of(
            "from words",
            sender=folded(b"From", [*[b"=?utf-8?q?e?="] * 5_000, b"<eve@evil.example>"], a_line=40),
        ),
        refused=True,
    )
    few = [b"=?utf-8?q?e?="] * 30
    yield Hostile(
        "many encoded words in a short From",
        mail_of("few words", sender=folded(b"From", [*few, b"<eve@evil.example>"])),
    )
    yield hostile(
        "20000 addresses",
        folded(b"Cc", [b"u%d@evil.example," % i for i in range(20_000)], a_line=40),
        refused=True,
    )
    yield hostile(
        "2500 addresses",
        folded(b"Cc", [b"u%d@evil.example," % i for i in range(2_500)], a_line=40),
    )
    yield hostile("20000 fields", b"X-Filler: y\r\n" * 20_000, refused=True)
    yield hostile("190 fields", b"X-Filler: y\r\n" * 190)
    yield hostile("8-bit headers", "Subject: gr\xfc\xdfe \u20ac".encode("latin-1", "replace"))
    yield hostile(
        "surrogates in headers", b"Subject: \xed\xa0\x80\xed\xb0\x80 \xff\xfe \xf4\x90\x80\x80"
    )
    yield hostile(
        "2000 rfc 2231 parameters",
        MIME
        + folded(
            b"Content-Type",
            [b"text/plain;", *[b"a*%d*=utf-8''%%41;" % i for i in range(2_000)]],
            a_line=20,
        ),
    )
    yield hostile("name* without a value", MIME + b"Content-Type: text/plain; name*\r\n")
    yield hostile(
        "name* of nothing",
        MIME + b"Content-Type: application/pdf; name*=\r\n"
        b"Content-Disposition: attachment; filename*0*=zz'zz'%ff; filename*2=x\r\n",
    )
    yield Hostile(
        "unbalanced comments",
        mail_of(
            "comments",
            sender=b"From: " + b"(" * 200 + b"eve@evil.example\r\n"
            b'To: (c):\r\nCc: "\r\nReply-To: <[b37]>\r\n',
        ),
    )
    yield hostile(
        "message id in brackets",
        b"Message-ID: <[b37]>",
        b"References: <[b37] <<<>>> <a@b",
        b"In-Reply-To: (" + b"(" * 600,
    )
    yield hostile(
        "1000 references",
        folded(b"References", [b"<%d@evil.example>" % i for i in range(1_000)], a_line=10),
    )
    yield hostile(
        "a long reference",
        b"References: <" + b"r" * 900 + b"@evil.example>",
        b"Message-ID: <" + b"m" * 900 + b"@evil.example>",
    )
    yield hostile(
        "a date of nonsense", b"Date: Mon, 99 Foo 99999999999 99:99:99 +9999 (" + b"(" * 500
    )
    yield hostile(
        "reply prefixes without end", folded(b"Subject", [b"Re: Fwd: AW:"] * 4_000, a_line=20)
    )
    yield Hostile("two From lines", mail_of("two", sender=FROM + FROM), refused=True)


def line_ends() -> Iterator[Hostile]:
    yield hostile("NUL in the header", b"Subject: a\0b", refused=True)
    yield hostile("NUL in the body", body=b"a\0b\r\n", refused=True)
    yield hostile("bare CR in the header", b"Subject: a\rBcc: victim@victim.example", refused=True)
    yield hostile("bare LF in the header", b"Subject: a\nBcc: victim@victim.example", refused=True)
    yield hostile("bare CR in the body", body=b"a\rb\r\r\nc\r\n")
    yield hostile("bare LF in the body", body=b"a\nb\n.\nMAIL FROM:<x@evil.example>\n.\n\r\n")
    yield hostile("smuggling", body=b"a\n.\r\nMAIL FROM:<x@evil.example>\r\nDATA\r\n\r.\r\nend\r\n")
    yield Hostile("an empty mail", b"")
    yield Hostile("only a header", FROM + b"Subject: only a header\r\n")
    yield Hostile("only a body", b"\r\nonly a body\r\n")
    yield Hostile("only a dot", b".\r\n.\r\n", refused=True)
