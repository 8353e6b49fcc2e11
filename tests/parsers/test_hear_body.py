"""Bodies as heard: which part is the text, how it is decoded, what becomes a file."""

import base64

import pytest

from parsers.errors import Malformed
from parsers.files import attachment_of, attachments_of
from parsers.heard import InboundMail, Note
from parsers.mail import hear

TOP = b"From: a@example.org\nMIME-Version: 1.0\n"


def part(content_type: str, body: bytes | str, *more: str) -> bytes:
    lines = "".join(f"{line}\n" for line in (f"Content-Type: {content_type}", *more))
    return lines.encode() + b"\n" + (body.encode() if isinstance(body, str) else body)


def multi(kind: str, *parts: bytes, boundary: str = "b") -> bytes:
    mark = b"--" + boundary.encode()
    inner = b"".join(mark + b"\n" + p + b"\n" for p in parts)
    return part(f'multipart/{kind}; boundary="{boundary}"', inner + mark + b"--\n")


def heard(mime: bytes) -> InboundMail:
    lf, crlf = hear(TOP + mime), hear((TOP + mime).replace(b"\n", b"\r\n"))
    assert lf.text == crlf.text
    assert [a.filename for a in lf.attachments] == [a.filename for a in crlf.attachments]
    return crlf


PLAIN = part("text/plain", "plain")
HTML = part("text/html", "<p>html</p>")
PNG = part("image/png", "cG5n", "Content-Transfer-Encoding: base64", "Content-ID: <i@x>")
PDF = part("application/pdf", "pdf", 'Content-Disposition: attachment; filename="r.pdf"')


@pytest.mark.parametrize(
    ("mime", "text", "files"),
    [
        (PLAIN, "plain", []),
        (HTML, "html", []),
        (multi("alternative", PLAIN, HTML), "plain", []),
        (multi("alternative", part("text/plain", " \n"), HTML), "html", []),
        (multi("alternative", HTML, part("text/calendar", "BEGIN:VCALENDAR")), "html",
         ["invite.ics"]),
        (multi("mixed", PLAIN, PDF), "plain", ["r.pdf"]),
        (multi("mixed", PLAIN, PDF, part("text/plain", "more")), "plain\n\nmore", ["r.pdf"]),
        (multi("related", HTML, PNG), "html", ["image.png"]),
        (multi("related", HTML, HTML), "html", ["text.html"]),
        (multi("alternative", PLAIN, multi("related", HTML, PNG, boundary="bb")), "plain",
         ["image.png"]),
        (multi("mixed", multi("alternative", PLAIN, HTML, boundary="bbb"), PDF), "plain",
         ["r.pdf"]),
        (PDF, "", ["r.pdf"]),
        (part("text/plain; name=log.txt", "log"), "log", []),
        (multi("mixed", PLAIN, part("text/plain; name=log.txt", "log")), "plain", ["log.txt"]),
        (multi("mixed", PLAIN, part("text/csv", "a,b")), "plain", ["text.csv"]),
        (multi("mixed", PLAIN, part("message/rfc822", "Subject: a/b c\n\ninner")), "plain",
         ["a_b c.eml"]),
        (multi("mixed", PLAIN, part("message/rfc822", "\ninner")), "plain", ["message.eml"]),
        (multi("digest", b"\nSubject: one\n\nx", b"\nSubject: two\n\nx"), "",
         ["one.eml", "two.eml"]),
        (multi("signed", PLAIN, part("application/pkcs7-signature", "x")), "plain",
         ["smime.p7s"]),
        (multi("mixed", PLAIN, part("application/ms-tnef; name=winmail.dat", "x")), "plain",
         ["winmail.dat"]),
        (multi("mixed", PLAIN, part("application/x-foo", "x"), part("video/", "x")),
         "plain\n\nx", ["application.foo"]),
        (part("multipart/mixed", "no boundary"), "no boundary", []),
        (part("multipart/mixed; boundary=x", "never there"), "never there", []),
        (part("multipart/mixed; boundary=x", ""), "", []),
        (part("multipart/mixed; boundary=b", "--b\n\none\n--b\n\ntwo"), "one\n\ntwo", []),
        (part("multipart/mixed; boundary=b", "--bx\n\nno\n--b  \n\none\n--b--\nepilogue"),
         "one", []),
        (part("nonsense", "text"), "text", []),
        (part("text", "text"), "text", []),
        (part("garbage; name=x.bin", "text"), "", ["x.bin"]),
        (part("text/plain", "begin 644 x\n#86)C\n`\nend"), "begin 644 x\n#86)C\n`\nend", []),
    ],
)  # fmt: skip
def test_each_shape_gives_its_text_and_files(mime: bytes, text: str, files: list[str]) -> None:
    mail = heard(mime)
    assert mail.text == text
    assert [a.filename for a in mail.attachments] == files


def test_what_signs_the_mail_itself_is_no_file_of_its_writer() -> None:
    """A signature that somebody attached, of a file beside it, is one."""
    seal = part("application/pgp-signature; name=release.tar.asc", "x")
    text = multi("mixed", PLAIN, PDF, seal, boundary="inner")
    mail = heard(multi("signed", text, part("application/pkcs7-signature", "x")))
    assert [a.filename for a in mail.attachments] == ["r.pdf", "release.tar.asc", "smime.p7s"]
    assert [a.filename for a in mail.files] == ["r.pdf", "release.tar.asc"]


@pytest.mark.parametrize(
    ("charset", "payload", "text", "guessed"),
    [
        ("utf-8", "Grüße".encode(), "Grüße", False),
        ("us-ascii", "Grüße".encode(), "Grüße", True),
        ("iso-8859-1", "Grüße".encode(), "Grüße", True),
        ("iso-8859-1", b"\x93Gr\xfc\xdfe\x94 \x80", "“Grüße” €", False),
        ("us-ascii", b"Gr\xfc\xdfe", "Grüße", False),
        ("utf-8", b"Gr\xfc\xdfe", "Grüße", True),
        ("utf-8", "Größe äöü ".encode() + b"\xff", "Größe äöü \ufffd", True),
        ("gb2312", "你好世界龍".encode("gb18030"), "你好世界龍", False),
        ("iso-gb2312", "你好".encode("gb18030"), "你好", False),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет", False),
        ("iso-2022-jp", "日本語".encode("iso-2022-jp"), "日本語", False),
        ("us-ascii", "日本語".encode("iso-2022-jp"), "日本語", True),
        ("shift_jis", "日本語①".encode("cp932"), "日本語①", False),
        ("big5", "台灣".encode("big5"), "台灣", False),
        ("euc-kr", "한국어".encode("cp949"), "한국어", False),
        ("utf-7", "Grüße".encode("utf-7"), "Grüße", False),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße", False),
        ("windows-874", "ไทย".encode("cp874"), "ไทย", False),
        ("x-unknown", "Grüße".encode(), "Grüße", True),
        ("zlib", b"Gr\xfc\xdfe", "Grüße", True),
        ("unicode_escape", b"\\x41\xe4", "\\x41ä", True),
        ("idna", b"abc", "abc", False),
        ("x-unknown", "Это довольно длинный русский текст".encode("cp1251"),
         "Это довольно длинный русский текст", True),
        ("\x00%%", b"abc", "abc", False),
        ("utf-16", b"a\x00b\x00", "ab", False),
    ],
)  # fmt: skip
def test_charsets_are_read_as_their_users_mean_them(
    charset: str, payload: bytes, text: str, guessed: bool
) -> None:
    encoded = base64.encodebytes(payload)
    mail = heard(part(f'text/plain; charset="{charset}"', encoded,
                      "Content-Transfer-Encoding: base64"))  # fmt: skip
    assert mail.text == text
    assert (Note.CHARSET_GUESSED in mail.notes) == guessed


@pytest.mark.parametrize(
    ("encoding", "body", "text", "broken"),
    [
        ("base64", b"aGVsbG8=", "hello", False), ("BASE64 (c)", b"aGVs\nbG8", "hello", False),
        ("base64", b"aGVs*bG8=", "hello", True),
        ("base64", b"aGVsbG8=\naGVsbG8=", "hellohello", True),
        ("base64", b"aGVsb", "hel", True), ("quoted-printable", b"a=3Db=\nc", "a=bc", False),
        ("quoted-printable", b"a=zz", "a=zz", True), ("x-strange", b"abc", "abc", True),
        ("7bit", b"abc", "abc", False), ("8BIT", b"abc", "abc", False),
    ],
)  # fmt: skip
def test_a_damaged_encoding_shows_what_there_is_and_says_so(
    encoding: str, body: bytes, text: str, broken: bool
) -> None:
    mail = heard(part("text/plain", body, f"Content-Transfer-Encoding: {encoding}"))
    assert mail.text == text
    assert (Note.BODY_BROKEN in mail.notes) == broken


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"), ("attachment; filename=a b.txt", "a b.txt"),
        ("attachment; filename*=utf-8'de'Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ('attachment; filename*0="a"; filename*1="b.txt"', "ab.txt"),
        ("attachment; filename*1*=%A4.txt; filename*0*=utf-8''%C3", "ä.txt"),
        ("attachment; filename=x; filename*=utf-8''y.txt", "y.txt"),
        ("attachment; filename*=broken", "broken"),
        ("attachment; filename*=nope'x'%E4.txt", "ä.txt"),
        ('attachment; filename="=?utf-8?q?Gr=C3=BC=C3=9Fe.txt?="', "Grüße.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\evil.exe"', "evil.exe"),
        ('attachment; filename="..."', "application.foo"),
        ('attachment; filename="a\x00b\u202egpj.exe"', "abgpj.exe"),
        ('attachment; filename="a;b\\"c.txt"', "a;b_c.txt"),
        ('attachment; filename="' + "n" * 300 + '.tar"', "n" * 146 + ".tar"),
        ('attachment; filename="' + "n" * 300 + '"', "n" * 150), ("attachment", "application.foo"),
        ('attachment; filename="unclosed.txt', "unclosed.txt"),
        ("attachment; =x; ;;", "application.foo"),
    ],
)  # fmt: skip
def test_a_file_name_is_read_and_made_harmless(disposition: str, name: str) -> None:
    mail = heard(part("application/x-foo", "x", f"Content-Disposition: {disposition}"))
    assert [a.filename for a in mail.attachments] == [name]


def test_raw_eight_bit_file_names_are_read() -> None:
    raw = TOP + b'Content-Type: application/x-foo; name="Gr\xfc\xdfe.txt"\n\nx'
    assert hear(raw).attachments[0].filename == "Grüße.txt"


def test_files_of_one_name_are_told_apart() -> None:
    mail = heard(multi("mixed", PDF, PDF, PDF.replace(b"r.pdf", b"R.PDF"),
                       PDF.replace(b"r.pdf", b"x"),
                       PDF.replace(b"r.pdf", b"x")))  # fmt: skip
    assert [a.filename for a in mail.attachments] == ["r.pdf", "r-2.pdf", "R-3.PDF", "x", "x-2"]
    assert [a.index for a in mail.attachments] == [0, 1, 2, 3, 4]


def test_a_file_is_handed_out_with_its_bytes() -> None:
    raw = TOP + multi("related", HTML, PNG)
    attachment, content = attachment_of(raw, 0)
    assert content == b"png"
    assert attachment == hear(raw).attachments[0]
    assert (attachment.inline, attachment.content_id, attachment.size) == (True, "<i@x>", 3)
    assert attachments_of(raw) == ((attachment, content),)
    with pytest.raises(Malformed):
        attachment_of(raw, 1)
    with pytest.raises(Malformed):
        attachment_of(raw, -1)


@pytest.mark.parametrize(
    ("mime", "encrypted"),
    [
        (multi("encrypted", part("application/pgp-encrypted", "Version: 1"),
               part("application/octet-stream", "x")), True),
        (part("application/pkcs7-mime; smime-type=enveloped-data", "x"), True),
        (part("application/x-pkcs7-mime", bytes.fromhex("3080 06092a864886f70d010703")), True),
        (part("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "x"), False),
        (part("application/pkcs7-mime", "x"), False),
        (part("text/plain", "-----BEGIN PGP MESSAGE-----\n\nx"), True), (PLAIN, False),
    ],
)  # fmt: skip
def test_an_encrypted_mail_says_so(mime: bytes, encrypted: bool) -> None:
    assert (Note.ENCRYPTED in heard(mime).notes) == encrypted


def test_flowed_text_is_joined() -> None:
    body = "A long \nline \nends.\n\n> quoted \n> flows\n>> deep\n From stuffed\n-- \nsig"
    mail = heard(part("text/plain; format=flowed", body))
    assert mail.text == (
        "A long line ends.\n\n> quoted flows\n> > deep\nFrom stuffed\n-- \nsig"
    )  # fmt: skip
    assert mail.with_signature.endswith("-- \nsig")
    assert heard(part("text/plain; format=flowed; delsp=yes", "日本 \n語")).text == "日本語"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("a <b>b</b>  c\nd", "a b c d"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<pre>a\n b</pre>", "a\nb"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a\tb\nc"),
        ("a&amp;&#228;", "a&ä"),
        ("<title>t</title><style>s</style><script>x</script>a<script>y</script>b", "ab"),
        ("", ""),
        ("<!-- -->", ""),
        ("<a href='https://x.example/log'>here</a>", "here <https://x.example/log>"),
        ("<a href='https://x.example/'>x.example</a>", "x.example"),
        ("<a href='javascript:x'>here</a>", "here"),
        ("<a>b</a>", "b"),
        ("a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n\n> b\n>\n> > c\n\nd"),
        ("<div>" * 3_000 + "deep <b>x</b>", "deep \nx"),
    ],
)
def test_html_becomes_lines_that_a_reader_sees(html: str, text: str) -> None:
    mail = heard(part("text/html; charset=utf-8", html))
    assert [line.strip() for line in mail.text.split("\n") if line or "deep" not in text] == [
        line.strip() for line in text.split("\n")
    ]
    assert Note.TEXT_FROM_HTML in mail.notes


def test_an_html_page_may_name_its_own_charset() -> None:
    page = "<html><head><meta charset=koi8-r></head><body>Привет</body>".encode("koi8-r")
    assert hear(TOP + part("text/html", page)).text == "Привет"


def test_text_over_256_kb_is_cut_with_a_note() -> None:
    mail = heard(part("text/plain", "ä" * 200_000))
    assert len(mail.text.encode()) == 256 * 1024
    assert Note.TEXT_CUT in mail.notes
    mail = heard(multi("mixed", part("text/plain", "a" * 300_000), PLAIN))
    assert mail.text == "a" * 256 * 1024
    assert Note.TEXT_CUT in heard(part("text/html", "<p>" * 400_000)).notes
    assert Note.TEXT_CUT in heard(part("text/plain", " " * 5_000_000)).notes


def test_over_the_caps_the_mail_is_read_up_to_them() -> None:
    mail = heard(multi("mixed", *[PLAIN] * 200))
    assert mail.text.count("plain") == 99
    assert Note.TOO_MANY_PARTS in mail.notes
    deep = PLAIN
    for depth in range(15):
        deep = multi("mixed", deep, boundary=f"b{depth}")
    mail = heard(deep)
    assert "plain" in mail.text
    assert Note.TOO_DEEP in mail.notes


def test_bare_line_ends_are_noted() -> None:
    assert hear(b"A: b\r\n\r\nx\ny\r\n").notes == (Note.BARE_LINE_END,)
