"""Mails that want to be more than text where they are shown: terminal, template, header."""

from collections.abc import Iterator

from hostile.building import Hostile, hostile, mail_of


def injections() -> Iterator[Hostile]:
    yield hostile(
        "ansi and rtl in the subject",
        "Subject: \x1b[31mred\x1b]0;title\x07 \u202egnp.exe\u202c \u200b\u2066x\u2069".encode(),
        body="\x1b[2J\u202eabc\x08\x07\r\n".encode(),
    )
    yield Hostile(
        "templates everywhere",
        mail_of(
            "t",
            b"Subject: {{ 991*991 }} {% raw %} ${7*7} %(x)s [/bold] [red]x[/red] #{7*7}",
            sender=b'From: "{{ 991*991 }} [/bold] {%" <eve@evil.example>\r\n',
            body=b"Site: {{ 991*991 }}\r\nCc: {{x}}@evil.example\r\n\r\n"
            b"{{ 991*991 }} {% if %} [/bold] [link=x]\r\n",
        ),
    )
    yield hostile(
        "line ends in encoded words",
        b"Subject: =?utf-8?q?hi=0D=0ABcc=3A_victim=40victim."
        b"example=0D=0A=0D=0AInjected_body?= =?utf-8?b?DQpYLUluamVjdGVkOiB5ZXMNCg==?=",
    )
    yield Hostile(
        "line ends in a name",
        mail_of(
            "n",
            sender=b"From: =?utf-8?q?Eve=0D=0ABcc=3A_victim=40victim.example?= <eve@evil.example>"
            b"\r\nReply-To: =?utf-8?q?=0AX-Injected=3A_1?= <eve@evil.example>\r\n",
        ),
    )
    yield Hostile(
        "line ends in an address",
        mail_of("a", sender=b'From: "eve\\\r\n Bcc: victim@victim.example"@evil.example\r\n'),
    )
    yield hostile(
        "unicode line ends",
        "Subject: a\u2028Bcc: victim@victim.example\u2029b\x85c\x0bd\x0ce".encode(),
        body="x\u2028y\x85z\x0b\x0c\x1c\x1d\x1e\r\n".encode(),
    )
    yield hostile(
        "our own tag and tokens",
        b"Subject: [GGUS-Ticket-ID: #100001] GGUS-Ticket-ID: #1"
        b" GGUS-Ticket-ID: #999999999999999999999999999999",
        b"X-Loop: other.example",
        b"In-Reply-To: <" + b"a" * 40 + b".1@helpdesk.example>",
    )
    yield hostile("a subject of nothing", b"Subject: =?utf-8?q??= =?x?q?=00=01?= =?utf-8?b?////?=")
    yield Hostile(
        "an envelope sender of nonsense", mail_of("e"), mail_from='"a\\ b<>@{{7*7}}"@evil.example'
    )
    yield Hostile("a huge word", mail_of("w", b"Subject: " + b"W" * 900, body=b"W" * 900_000))
