"""Dialogues as tables: what the peer sends, what it hears."""

import re
from typing import Any

import pytest

HELLO = ("EHLO mx.example.org", "250-")
FROM = ("MAIL FROM:<anna@example.org>", "250 2.1.0 OK")
TO = ("RCPT TO:<support@helpdesk.example>", "250 2.1.5 OK")
TEXT = "From: a@example.org\r\n\r\nx\r\n."
LONG = "x" * 3000

DIALOGUES = {
    "a mail": [HELLO, FROM, TO, ("DATA", "354 "), (TEXT, "250 2.0.0 kept as 1"), ("QUIT", "221 ")],
    "two mails in one session": [
        HELLO, FROM, TO, ("DATA", "354 "), (TEXT, "250 2.0.0 kept as 1"),
        FROM, TO, ("DATA", "354 "), (TEXT, "250 2.0.0 kept as 2"),
    ],
    "HELO serves as well": [
        ("HELO x", "250 localhost"), FROM, TO, ("DATA", "354 "), (TEXT, "250 "),
    ],
    "small letters serve as well": [
        ("ehlo x", "250-"), ("mail from:<a@x.example>", "250 "),
        ("rcpt to:<SUPPORT@HELPDESK.EXAMPLE>", "250 "), ("data", "354 "), (TEXT, "250 "),
    ],
    "the null sender": [HELLO, ("MAIL FROM:<>", "250 "), TO, ("DATA", "354 "), (TEXT, "250 ")],
    "parameters": [HELLO, ("MAIL FROM:<a@x.example> SIZE=1000 BODY=8BITMIME", "250 ")],
    "a space behind the colon": [HELLO, ("MAIL FROM: <a@x.example>", "250 ")],
    "postmaster": [
        HELLO, FROM, ("RCPT TO:<postmaster>", "250 "),
        ("RCPT TO:<Postmaster@helpdesk.example>", "250 ")
    ],
    "every mailbox of ours": [
        HELLO, FROM, ("RCPT TO:<team@helpdesk.example>", "250 "),
        ("RCPT TO:<alarm@helpdesk.example>", "250 "),
        ("RCPT TO:<bounces+x@helpdesk.example>", "250 "),
        ("RCPT TO:<reply+not-a-token@helpdesk.example>", "250 "),
    ],
    "a mailbox that is not ours says where to write": [
        HELLO, FROM,
        ("RCPT TO:<nobody@helpdesk.example>", "550 5.1.1 .*write to support@helpdesk.example$"), TO,
    ],
    "no relay": [
        HELLO, FROM, ("RCPT TO:<victim@example.net>", "550 5.1.1"),
        ("RCPT TO:<victim%example.net@helpdesk.example>", "550 5.1.1"),
        ("RCPT TO:<@helpdesk.example:victim@example.net>", "550 5.1.1"),
        ('RCPT TO:<"victim@example.net"@helpdesk.example>', "550 5.1.1"),
        ("RCPT TO:<support@helpdesk.example@example.net>", "553 "),
        ("DATA", "503 5.5.1 No valid recipients"),
    ],
    "nonsense for a sender": [
        HELLO, ("MAIL", "501 "), ("MAIL FROM", "501 "), ("MAIL FROM:", "501 "),
        ("MAIL anna@example.org", "501 "), ("MAIL FROM:anna@example.org", "553 "),
        ("MAIL FROM:<", "553 "), ("MAIL FROM:<anna", "553 "), ("MAIL FROM:<@>", "553 "),
        ("MAIL FROM:<a b@x.example>", "553 "), ("MAIL FROM:" + "(" * 900, "553 "),
        ("MAIL FROM:<a@x.example> NONSENSE=1", "555 "), ("MAIL FROM:<a@x.example> SIZE=x", "555 "),
        ("MAIL FROM:<a@x.example> SIZE=1 SIZE=2", "555 "),
        ("MAIL FROM:<a@x.example> SMTPUTF8", "555 "),
        ("MAIL FROM:<a@x.example> BODY=BINARYMIME", "555 "), FROM,
    ],
    "nonsense for a recipient": [
        HELLO, FROM, ("RCPT", "501 "), ("RCPT TO:", "501 "), ("RCPT TO:<>", "553 "),
        ("RCPT TO:support@helpdesk.example", "553 "),
        ("RCPT TO:<support@helpdesk.example> NOTIFY=NEVER", "555 "), TO,
    ],
    "order": [
        ("MAIL FROM:<a@x.example>", "503 .*EHLO"), ("RCPT TO:<a@x.example>", "503 .*MAIL"),
        ("DATA", "503 .*MAIL"), HELLO, ("DATA", "503 "), (*TO[:1], "503 "), FROM,
        (*FROM[:1], "503 "), ("DATA", "503 5.5.1 No valid"), ("RSET", "250 "), (*TO[:1], "503 "),
    ],
    "a second EHLO forgets the mail": [HELLO, FROM, TO, HELLO, ("DATA", "503 ")],
    "too large by its own word": [
        HELLO, ("MAIL FROM:<a@x.example> SIZE=25000001", "552 5.3.4"), FROM,
    ],
    "nothing is given away": [
        ("HELP", "214 2.0.0 See RFC 5321$"), ("HELP MAIL", "214 2.0.0 See RFC 5321$"),
        ("VRFY support", "252 "), ("VRFY", "501 "), ("EXPN staff", "502 "),
        ("AUTH PLAIN AGEAYg==", "502 "),
        ("STARTTLS", "454 "), ("NOOP", "250 "), ("NOOP anything", "250 "),
    ],
    "an unknown command is not echoed": [("XYZZY secret", "500 5.5.1 Command not recognized$")],
    "an empty line": [("", "500 ")],
    "bytes that are not printable ASCII": [
        ("NOOP\0", "500 5.5.2"), ("EHLO \x1b[2J", "500 5.5.2"), ("\xff\xfe", "500 5.5.2"),
        ("EHLO x\ry", "500 5.5.2"), HELLO, ("MAIL FROM:<\xc3\xa4@x.example>", "553 5.6.7"),
    ],
    "a long line": [(LONG, "500 5.5.2 Line too long"), ("NOOP", "250 ")],
    "arguments where none belong": [
        HELLO, ("QUIT now", "501 "), ("RSET x", "501 "), FROM, TO, ("DATA x", "501 "),
        ("EHLO", "501 "),
        ("HELO", "501 "), ("DATA", "354 "),
    ],
    "a browser": [("GET / HTTP/1.1", "421 4.7.0 This is a mail server$"), (None, "$")],
    "too many errors": [
        *[("XYZZY", "500 ")] * 20, ("XYZZY", "421 4.7.0 Too many errors"), (None, "$"),
    ],
    "QUIT ends it": [("QUIT", "221 2.0.0 Bye"), (None, "$")],
}  # fmt: skip


@pytest.mark.parametrize("name", DIALOGUES)
async def test_the_dialogue(world: Any, name: str) -> None:
    peer = await world.connect()
    assert re.fullmatch(r"220 localhost ESMTP", await peer.reply())
    for send, expect in DIALOGUES[name]:
        heard = await peer.reply() if send is None else await peer.say(send)
        assert re.match(expect, heard), f"{send!r} was answered {heard!r}"


@pytest.mark.parametrize("name", DIALOGUES)
async def test_the_dialogue_sent_at_once_has_the_same_answers(world: Any, name: str) -> None:
    peer = await world.connect()
    await peer.reply()
    dialogue = [(send, expect) for send, expect in DIALOGUES[name] if send is not None]
    peer.send("".join(f"{send}\r\n" for send, _ in dialogue))
    for send, expect in dialogue:
        heard = await peer.reply()
        assert re.match(expect, heard), f"{send!r} was answered {heard!r}"


async def test_what_is_offered(world: Any) -> None:
    peer = await world.connect()
    await peer.reply()
    assert await peer.say("EHLO mx.example.org") == (
        "250-localhost\n250-SIZE 25000000\n250-8BITMIME\n250-PIPELINING\n250 ENHANCEDSTATUSCODES"
    )


async def test_recipients_over_the_cap_wait_for_another_mail(world: Any) -> None:
    peer = await world.greeted()
    await peer.say("MAIL FROM:<>")
    peer.send("RCPT TO:<support@helpdesk.example>\r\n" * 1000)
    heard = [await peer.reply() for _ in range(1000)]
    assert heard == ["250 2.1.5 OK"] * 100 + [heard[100]] * 900
    assert heard[100].startswith("452 4.5.3")
    assert (await peer.say("DATA")).startswith("354")
    assert (await peer.say(TEXT)).startswith("250 ")
    assert world.kept()[0].envelope.recipients == ("support@helpdesk.example",)


async def test_a_peer_may_close_its_half_and_still_hear_the_answers(world: Any) -> None:
    peer = await world.connect()
    peer.send("".join(f"{s}\r\n" for s, _ in (HELLO, FROM, TO, ("DATA", ""), (TEXT, ""))))
    peer.writer.write_eof()
    assert b"250 2.0.0 kept as 1\r\n" in await peer.gone()


async def test_a_line_end_of_lf_alone_ends_a_command_but_never_a_mail(world: Any) -> None:
    peer = await world.connect()
    await peer.reply()
    peer.send("EHLO x\n")
    assert (await peer.reply()).startswith("250-")
