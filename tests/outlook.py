"""A mail as Outlook and its like send it back: below a written-out header, without a quote's mark.

Each shape takes what was sent (subject, text, page) and gives the plain and the HTML text of an
unchanged answer of Anne's, "" for a reading that the program does not write.
"""

import re
import textwrap
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from html import escape

from parsers.html import text_of_html

NAME, SUPPORT, ANNE = "Grid Helpdesk", "support@helpdesk.example", "anne@physics.example"
RULE = "_" * 32
ORIGINAL = "-----Original Message-----"


@dataclass(frozen=True)
class Mail:
    """What was sent, or one answer to it."""

    subject: str
    text: str
    page: str = ""

    def body(self) -> tuple[str, str]:
        """Return the content type and the body of this mail."""
        if not self.page:
            return "text/plain; charset=utf-8", self.text
        if not self.text:
            return "text/html; charset=utf-8", self.page
        parts = ((k, t) for k, t in (("plain", self.text), ("html", self.page)))
        both = "".join(f"--b\nContent-Type: text/{k}; charset=utf-8\n\n{t}\n" for k, t in parts)
        return 'multipart/alternative; boundary="b"', f"{both}--b--\n"


def sent(raw: bytes) -> Mail:
    """Return what stands in a mail of ours."""
    mail = message_from_bytes(raw, policy=policy.default)
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    lines = (one.get_content().replace("\r\n", "\n") for one in (text, page))
    return Mail(str(mail["Subject"]), *lines)


# The header of a quoted mail, by language: its keys and how it says when.
LANGUAGES = {
    "English": ("From", "Sent", "To", "Subject", "Tuesday, March 3, 2026 9:00 AM"),
    "British": ("From", "Sent", "To", "Subject", "03 March 2026 09:00"),
    "German": ("Von", "Gesendet", "An", "Betreff", "Dienstag, 3. März 2026 09:00"),
    "French": ("De", "Envoyé", "À", "Objet", "mardi 3 mars 2026 09:00"),
    "Italian": ("Da", "Inviato", "A", "Oggetto", "martedì 3 marzo 2026 09:00"),
    "Spanish": ("De", "Enviado el", "Para", "Asunto", "martes, 3 de marzo de 2026 9:00"),
    "Portuguese": ("De", "Enviada", "Para", "Assunto", "terça-feira, 3 de março de 2026 09:00"),
    "Dutch": ("Van", "Verzonden", "Aan", "Onderwerp", "dinsdag 3 maart 2026 09:00"),
    "Polish": ("Od", "Wysłano", "Do", "Temat", "wtorek, 3 marca 2026 09:00"),
    "Russian": ("От", "Отправлено", "Кому", "Тема", "3 марта 2026 г. 9:00"),  # noqa: RUF001 - Russian
    "Japanese": ("差出人", "送信日時", "宛先", "件名", "2026年3月3日 9:00"),
    "in numbers": ("From", "Date", "To", "Subject", "Tue 3/3/2026 9:00 AM"),
    "Mac": ("From", "Date", "To", "Subject", "Tuesday, 3 March 2026 at 09:00"),
}


def header(language: str, subject: str, sender: str = "", to: str = ANNE) -> list[tuple[str, str]]:
    """Return the lines of a written-out header: key and value."""
    *keys, when = LANGUAGES[language]
    return list(zip(keys, (sender or f"{NAME} <{SUPPORT}>", when, to, subject), strict=True))


def plain(mail: Mail, language: str = "English", above: str = f"{RULE}\n") -> str:
    """Return the plain text of an answer; French and its like put a blank before the colon."""
    colon = " :" if language == "French" else ":"
    lines = "\n".join(f"{key}{colon} {value}" for key, value in header(language, mail.subject))
    return f"\n{above}{lines}\n\n{mail.text}"


def bold(mail: Mail, language: str) -> str:
    """Return a written-out header as HTML."""
    lines = (f"<b>{key}:</b> {escape(value)}" for key, value in header(language, mail.subject))
    return "<br>\n".join(lines)


def inside(page: str) -> str:
    """Return the content of a page."""
    return re.sub(r"(?s)^.*<body[^>]*>|</body>.*$", "", page)


def by_word(page: str) -> str:
    """Return a page as Outlook's Word has written it anew."""
    text = re.sub(r'<(p|div) style="[^"]*">', r"<\1 class=MsoNormal>", inside(page))
    text = re.sub(
        r"(?s)(<td[^>]*>)(.*?)</td>", r"\1<p class=MsoNormal>\2<o:p></o:p></p></td>", text
    )
    return re.sub(
        r"(?s)<li>(.*?)</li>",
        r"<p class=MsoListParagraph><![if !supportLists]><span>·<span>&nbsp;&nbsp; </span></span>"
        r"<![endif]>\1<o:p></o:p></p>",
        text,
    )


def from_page(mail: Mail) -> str:
    """Return the text that a mail program makes of a page."""
    return text_of_html(mail.page)[0].replace("\n- ", "\n*   ")


def desktop(mail: Mail, language: str = "English") -> Mail:
    """Outlook for Windows, in HTML."""
    page = (
        "<html><head><style>p.MsoNormal {margin:0cm}</style></head><body lang=EN-GB link=blue>"
        "<div class=WordSection1><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:"
        "none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>"
        f"{bold(mail, language)}<o:p></o:p></p></div></div><p class=MsoNormal><o:p>&nbsp;</o:p>"
        f"</p>{by_word(mail.page)}</div></body></html>"
    )
    return replace(mail, text=plain(replace(mail, text=from_page(mail)), language, ""), page=page)


def desktop_plain(mail: Mail, language: str = "English") -> Mail:
    """Outlook for Windows, in plain text."""
    return replace(mail, text=plain(mail, language, f"{ORIGINAL}\n"), page="")


def web(mail: Mail, language: str = "English") -> Mail:
    """Outlook on the web."""
    page = (
        '<html><body dir="ltr"><div class="elementToProof"><br></div><div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
        f'dir="ltr"><font face="Calibri">{bold(mail, language)}</font><div>&nbsp;</div></div>'
        f"<div>{inside(mail.page)}</div></body></html>"
    )
    return replace(mail, text=plain(replace(mail, text=from_page(mail)), language), page=page)


def mac(mail: Mail, language: str = "Mac") -> Mail:
    """Outlook for Mac, which writes HTML alone here."""
    page = (
        '<html><body><div class="WordSection1"><p class="MsoNormal">&nbsp;</p><div style="border:'
        'none;border-top:solid #B5C4DF 1.0pt"><p class="MsoNormal" style="margin-bottom:12.0pt">'
        f"{bold(mail, language)}</p></div>{by_word(mail.page)}</div></body></html>"
    )
    return replace(mail, text="", page=page)


def wrapped(mail: Mail, language: str = "English") -> Mail:
    """Plain text that an Exchange server has wrapped, with its targets beside the links."""
    text = re.sub(r"(https?://\S+)", r"\1<\1>", mail.text)
    text = re.sub(r"(\S+@[\w.-]*\w)", r"\1<mailto:\1>", text)
    lines = [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(line, 50, break_long_words=False) or [""]
    ]
    return replace(mail, text=plain(replace(mail, text="\n".join(lines)), language), page="")


SHAPES = {
    "desktop": desktop,
    "desktop, plain": desktop_plain,
    "web": web,
    "Mac": mac,
    "wrapped by Exchange": wrapped,
}
