import email
import email.policy
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import Malformed
from parsers.files import attachments_of
from parsers.mail import hear
from templates.headers import header, message_ids
from templates.message import Enclosure, Head, build
from templates.render import Setting, Speaker, Spoken
from templates.samples import DATE, SAMPLES, TICKET

HEAD = Head(
    sender_name="Example Helpdesk",
    sender="support@hd.example",
    recipient="jo@lab.example",
    message_id="<t.42.7.00112233445566778899@hd.example>",
    date=DATE,
    reply_to="reply+token@hd.example",
    in_reply_to=("<first@lab.example>",),
    references=("<t.42.root@hd.example>", "<first@lab.example>"),
    loop_mark="hd.example",
)
NAMES = {
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"auto-submitted", b"x-auto-response-suppress", b"x-ticketgate-loop", b"mime-version",
    b"content-type", b"content-transfer-encoding",
}  # fmt: skip
LINE_ENDS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
NASTY = st.lists(
    st.sampled_from(
        [
            *("\r\nBcc: evil@evil.example", "\n\n", "\r", "\u2028X-Evil: 1", "\x85", "\x00"),
            *("=?utf-8?q?=0D=0A?=", "=0D=0ABcc:", '"', "\\", "ß", "日本語", "a", " ", "\ud800"),
            *("  ", "\t", "x" * 90),
        ]
    )
    | st.text(max_size=30),
    max_size=12,
).map("".join)
CLEAN = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=300)


def header_names(mail: bytes) -> list[bytes]:
    lines = mail.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b":")[0].lower() for line in lines if not line.startswith((b" ", b"\t"))]


def assert_sound(mail: bytes) -> None:
    """Assert what every mail of ours must be, whatever went into it."""
    mail.decode("ascii")
    lines = mail.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    assert max(map(len, lines)) <= 998
    names = header_names(mail)
    assert len(names) == len(set(names))
    assert set(names) <= NAMES
    assert mail.endswith(b"\r\n")


@given(NASTY, NASTY, NASTY, NASTY)
def test_no_value_can_start_a_header_of_its_own(
    subject: str, name: str, text: str, filename: str
) -> None:
    head = replace(HEAD, sender_name=name, loop_mark=name)
    files = [Enclosure(filename, subject, b"data")]
    mail = build(Spoken(subject, text, f"<p>{text}"), head, files)
    assert_sound(mail)
    heard = email.message_from_bytes(mail, policy=email.policy.compat32)
    assert heard["to"] == "jo@lab.example"
    assert heard["bcc"] is None
    assert [part.get_content_type() for part in heard.walk()][:4] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@given(CLEAN, CLEAN, st.lists(st.tuples(CLEAN, st.binary(max_size=300)), max_size=3))
def test_what_we_say_is_what_we_hear(
    subject: str, text: str, files: list[tuple[str, bytes]]
) -> None:
    text = f"begin\n{text}\nend"  # an empty text, or a signature alone, is heard from the HTML
    spoken = Spoken(" ".join(subject.split()) or "x", text, "<p>x</p>")
    enclosures = [Enclosure(name, "application/x-thing", data) for name, data in files]
    mail = build(spoken, HEAD, enclosures)
    assert_sound(mail)
    heard = hear(mail)
    assert heard.subject == spoken.subject
    assert heard.text.strip() == text.strip()
    assert heard.message_id == HEAD.message_id
    assert heard.references == HEAD.references
    assert heard.in_reply_to == HEAD.in_reply_to
    assert heard.date == DATE
    assert str(heard.sender) == "Example Helpdesk <support@hd.example>"
    assert heard.loop_marks == ("hd.example",)
    assert heard.automatic
    assert [data for _file, data in attachments_of(mail)] == [data for _name, data in files]


@pytest.mark.parametrize(
    "name",
    [
        "log.txt",
        "core dump.tar.gz",
        "Grüße aus Genève.pdf",
        "日本語の長い名前" * 6 + ".txt",
        'quote".txt',
        "semi;colon.txt",
        "per%cent'.txt",
        "a" * 140 + ".log",
    ],
)
def test_a_file_name_is_heard_as_it_was(name: str) -> None:
    mail = build(Spoken("x", "x"), HEAD, [Enclosure(name, "text/plain", b"x")])
    assert_sound(mail)
    assert max(map(len, mail.split(b"\r\n"))) <= 78
    message = email.message_from_bytes(mail)
    assert [part.get_filename() for part in message.walk()][-1] == name


def test_an_empty_attachment_stays_an_attachment() -> None:
    files = [Enclosure("a.txt", "text/plain", b""), Enclosure("b.txt", "text/plain", b"b")]
    mail = build(Spoken("x", "x"), HEAD, files)
    assert [(file.filename, data) for file, data in attachments_of(mail)] == [
        ("a.txt", b""),
        ("b.txt", b"b"),
    ]


def test_an_attached_mail_is_never_sent_as_a_broken_message_part() -> None:
    files = [Enclosure("original.eml", "message/rfc822", b"From: x\r\n\r\n\xff")]
    mail = build(Spoken("x", "x"), HEAD, files)
    assert b"Content-Type: application/octet-stream\r\n" in mail
    assert attachments_of(mail)[0][1] == files[0].data


def test_words_of_a_subject_that_are_plain_stay_readable_to_simple_programs() -> None:
    line = header("Subject", 'Ticket-ID: #42 TEAM ticket for site "Genève" "Störung da"')
    assert line.startswith("Subject: Ticket-ID: #42 TEAM ticket for site\r\n =?utf-8?q?")
    assert line.endswith(' da"\r\n')
    assert max(map(len, line.split("\r\n"))) <= 76


def test_a_long_plain_subject_is_folded_and_means_the_same() -> None:
    subject = "Ticket-ID: #42 " + "many words  and two blanks " * 10 + "end"
    line = header("Subject", subject)
    assert line.replace("\r\n", "") == f"Subject: {' '.join(subject.split())}"
    assert max(map(len, line.split("\r\n"))) <= 76


def test_references_are_never_encoded_and_keep_the_root_and_the_last_twenty() -> None:
    long = tuple(f"<{'x' * 300}.{i}@lab.example>" for i in range(60))
    bad = ("<no\r\nBcc: x@y>", "<two words@x>", "plain", "<" + "y" * 950 + ">", "<é@x>")
    ids = ("<root@hd.example>", *bad, *long)
    assert message_ids(ids) == ("<root@hd.example>", *long[-20:])
    mail = build(Spoken("x", "x"), replace(HEAD, references=ids, in_reply_to=bad))
    assert_sound(mail)
    assert b"\r\nIn-Reply-To:" not in mail
    found = re.search(rb"\r\nReferences:((?:[^\r]|\r\n )+)\r\n", mail)
    assert found is not None
    assert tuple(found[1].decode().split()) == ("<root@hd.example>", *long[-20:])


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jo",
        "jo@",
        "jo@x\r\nBcc: y@z",
        "jo@c.example\n",
        "a b@c.example",
        "<jo@c.example>",
        '"a b"@c.example',
        "jo@c.example,x@y.example",
        "jö@c.example",
        "jo@c.exämple",
        "a" * 65 + "@c.example",
    ],
)
def test_an_address_that_is_not_plain_is_refused(address: str) -> None:
    with pytest.raises(Malformed):
        build(Spoken("x", "x"), replace(HEAD, recipient=address))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain and short\n", b"7bit"),
        ("x" * 79, b"quoted-printable"),
        ("From here on\n", b"quoted-printable"),
        ("--=_a looks like a boundary", b"quoted-printable"),
        ("blank at the end \nx", b"quoted-printable"),
        ("Grüße aus dem Rechenzentrum\n" * 3, b"quoted-printable"),
        ("日本語のテキスト\n" * 9, b"base64"),
    ],
)
def test_the_plainest_encoding_that_nobody_on_the_way_alters(text: str, encoding: bytes) -> None:
    mail = build(Spoken("x", text), HEAD)
    assert_sound(mail)
    body = mail.partition(b"\r\n\r\n")[2]
    assert b"Content-Transfer-Encoding: " + encoding + b"\r\n" in mail
    assert not re.search(rb"^(?:From |--=_)", body, re.MULTILINE)
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert hear(mail).text.rstrip("\n") == text.rstrip("\n")


def test_a_line_broken_before_from_is_escaped_too() -> None:
    mail = build(Spoken("x", "x" * 75 + "From here" + "x" * 80), HEAD)
    body = mail.partition(b"\r\n\r\n")[2]
    assert not re.search(rb"^From ", body, re.MULTILINE)
    assert hear(mail).text.strip() == "x" * 75 + "From here" + "x" * 80


def test_the_same_mail_is_the_same_bytes_and_another_id_gives_another_boundary() -> None:
    kind, values = SAMPLES["update"]
    spoken = Speaker().render(kind, values, Setting(42, DATE))
    assert build(spoken, HEAD) == build(spoken, HEAD)
    other = build(spoken, replace(HEAD, message_id="<other@hd.example>"))
    boundary = re.compile(rb'boundary="([^"]+)"')
    assert boundary.findall(other) != boundary.findall(build(spoken, HEAD))


def test_an_answer_to_our_mail_shows_only_what_was_written_above_the_line() -> None:
    kind, values = SAMPLES["update"]
    text = Speaker().render(kind, {**TICKET, **values}, Setting(42, DATE)).text
    quoted = "\n".join(f"> {line}" for line in text.split("\n"))
    answer = build(Spoken("Re: x", f"Thank you, it works again.\n\n{quoted}"), HEAD)
    assert hear(answer).visible == "Thank you, it works again."
