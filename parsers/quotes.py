"""Where the quoted earlier mail begins, by shapes that need no language, then by words.

Rule: losing text of an alarm is worse than keeping a quote. Only the end of a mail is ever taken
for a quote; a line that merely announces a log is no attribution; a forwarded mail is content.
Every function takes lines and returns the index of the first line that is not the writer's own,
len(lines) when all of them are. Linear: line by line, and only the head of a long line is read.
"""

import re

from parsers.attributions import MAX_ATTRIBUTION_LINES, attribution_start
from parsers.quote_marks import MAX_SEEN_CHARS, is_quoted

_ORIGINAL = re.compile(
    r"[-_=*\s>]{2,60}(?:original message|original appointment|reply message"
    r"|ursprüngliche nachricht|originalnachricht|message d.origine|message original"
    r"|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht"
    r"|originele bericht|oprindelig meddelelse|opprinnelig melding|ursprungligt meddelande"
    r"|alkuperäinen viesti|původní zpráva|pôvodná správa|wiadomość oryginalna"
    r"|oryginalna wiadomość|eredeti üzenet|mesaj original|mesajul original|orijinal mesaj"
    r"|исходное сообщение|пересылаемое сообщение|αρχικό μήνυμα|原始邮件|邮件原件|原始郵件"
    r"|元のメッセージ|원본 메시지)[-_=*\s]{0,60}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[-_=*\s]{0,60}(?:begin forwarded message|forwarded message|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten|message transféré|message réexpédié|mensaje reenviado"
    r"|mensagem encaminhada|messaggio inoltrato|doorgestuurd bericht|videresendt"
    r"|vidarebefordrat|przekazana wiadomość|přeposlaná zpráva|转发邮件|轉寄郵件|転送メッセージ"
    r"|пересланное сообщение)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_\u2014-]{10,}\s*")
_KEY = re.compile(r"[*\s]{0,4}([^\W\d_][^:\uff1a*]{0,28}?)[ \u00a0]?[*]?[:\uff1a]")
# The keys of a header that is written out, by what they say.
FROM_KEYS = frozenset(
    [
        "from", "von", "de", "da", "van", "od", "fra", "från", "lähettäjä", "feladó", "kimden",
        "от", "від", "από", "发件人", "寄件者", "差出人", "보낸사람", "מאת",
    ]
)  # fmt: skip
SENT_KEYS = frozenset(
    [
        "sent", "date", "gesendet", "datum", "envoyé", "inviato", "data", "enviado", "enviadoel",
        "enviada", "enviadaem", "fecha", "verzonden", "sendt", "dato", "skickat", "lähetetty",
        "päivämäärä", "elküldve", "dátum", "odesláno", "wysłano", "trimis", "gönderilen", "tarih",
        "отправлено", "дата", "надіслано", "στάλθηκε", "发送时间", "日期", "寄件日期", "送信日時",
        "보낸날짜",
    ]
)  # fmt: skip
TO_KEYS = frozenset(
    [
        "to", "an", "à", "a", "para", "aan", "til", "till", "vastaanottaja", "címzett", "komu",
        "do", "către", "kime", "кому", "προς", "收件人", "收件者", "宛先", "받는사람",
    ]
)  # fmt: skip
SUBJECT_KEYS = frozenset(
    [
        "subject", "betreff", "objet", "oggetto", "asunto", "assunto", "onderwerp", "emne", "ämne",
        "aihe", "tárgy", "předmět", "temat", "subiect", "konu", "тема", "θέμα", "主题", "主旨",
        "件名", "제목",
    ]
)  # fmt: skip
_COPY_KEYS = frozenset(["cc", "kopie", "kopi", "copie", "dw", "抄送"])
_OTHER = SENT_KEYS | TO_KEYS | SUBJECT_KEYS | _COPY_KEYS


def has_forward(lines: list[str]) -> bool:
    """Tell whether a line outside quotes announces a forwarded mail."""
    return any(_FORWARDED.match(line[:MAX_SEEN_CHARS]) for line in lines)


def header_start(lines: list[str]) -> int:
    """Return where a quoted mail begins whose header is written out (Outlook and many others)."""
    for at, line in enumerate(lines):
        seen = line[:MAX_SEEN_CHARS]
        if _FORWARDED.match(seen):
            break
        if _ORIGINAL.fullmatch(seen.strip()) or _is_header(lines, at):
            start = at
            while start and (not lines[start - 1].strip() or _RULE.fullmatch(lines[start - 1])):
                start -= 1
            return start
    return len(lines)


def tail_start(lines: list[str], *, certain: bool = False) -> int:
    """Return where the quote at the end of a mail begins, with the line that announces it.

    `certain` is for lines that our own marker has cut: then the attribution goes even when no
    quoted line is left below it.
    """
    at = len(lines)
    quoted = certain
    while at and (not lines[at - 1].strip() or is_quoted(lines[at - 1])):
        at -= 1
        quoted = quoted or is_quoted(lines[at])
    if not quoted:
        return len(lines)
    between = any(is_quoted(line) for line in lines[:at])  # then a line like it may be an answer
    start = attribution_start(lines, at, sure=between)
    announced = lines[at - 1].rstrip().endswith((":", "\uff1a")) if at else False
    if announced and start == at and not certain:
        return len(lines)  # "Here is the log:" and then the log
    return start


def lead_end(lines: list[str]) -> int:
    """Return how many lines at the top are one quote that the writer answers below, else 0."""
    at = 0
    while at < len(lines) and not lines[at].strip():
        at += 1
    top = at
    while at < min(len(lines), top + MAX_ATTRIBUTION_LINES + 1) and not is_quoted(lines[at]):
        at += 1
    if at == len(lines) or not is_quoted(lines[at]) or attribution_start(lines, at) > top:
        return 0
    while at < len(lines) and (is_quoted(lines[at]) or not lines[at].strip()):
        at += 1
    return 0 if any(is_quoted(line) for line in lines[at:]) else at


def is_above_header(line: str) -> bool:
    """Tell whether a line may begin a header that is written out."""
    seen = line[:MAX_SEEN_CHARS]
    begins = _RULE.fullmatch(seen) or _ORIGINAL.fullmatch(seen.strip())
    return begins is not None or key_of(seen)[0] in FROM_KEYS


def key_of(line: str) -> tuple[str, str]:
    """Return the key of a line of a written-out header, folded, and its value; "" for no key."""
    match = _KEY.match(line[:MAX_SEEN_CHARS])
    if match is None:
        return "", ""
    return match[1].strip().lower().replace(" ", ""), line[match.end() :].strip(" *\u00a0")


def _is_header(lines: list[str], at: int) -> bool:
    """Whether a header is written out here; people write from where to where, too, and when."""
    key, sender = key_of(lines[at])
    if key not in FROM_KEYS:
        return False
    keys = [key_of(line)[0] for line in lines[at + 1 : at + 9] if line.strip()][:6]
    others = {one for one in keys if one in _OTHER}
    return len(others) >= 2 and ("@" in sender or bool(others & SUBJECT_KEYS))
