"""What a mail program writes above a quote: who wrote that, and when; in many languages.

Rule: what may be the writer's own sentence is no attribution. A line above it belongs to it only if
it was wrapped there, and begins as programs begin. Linear: at most four lines are read.
"""

import re

from parsers.quote_marks import MAX_SEEN_CHARS, is_quoted

MAX_ATTRIBUTION_LINES = 4
MAX_INTRO_WORDS = 25
MOST_OWN_WORDS = 3  # a weekday, a month, and one in a language that is not known here
SHORTEST_WRAP = 60  # no mail program wraps a line that would be shorter with its next word

# What mail programs write before a quote: a time or an address, or one of these verbs.
_VERBS = re.compile(
    r"wrote|writes|said|schrieb|geschrieben|écrit|escribió|ha scritto|scrisse|escreveu|schreef"
    r"|geschreven|pisze|piše|napisa[ol]|napisan[ay]|va escriure|menulis|rašė|rakstīja|kirjutas"
    r"|đã viết|نوشت|skrev|skrifaði|kirjoitti|napsal|napísal|napisał|a scris|írta|yazd\u0131|έγραψε"
    r"|пишет|писал|написав|написа|כתב|كتب|写道|寫道|のメール|작성",
    re.IGNORECASE,
)
_DATED = re.compile(r"\d{1,4}[./:-]\d{1,2}|\b(?:19|20)\d{2}\b|\d{4}年")
_IN_NUMBERS = re.compile(r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}")
_DAY = re.compile(rf"{_IN_NUMBERS.pattern}|\b(?:19|20)\d{{2}}\b|\d{{4}}[年년]")
_TIMED = re.compile(r"\d{1,2}\s?[:hH時\uff1a]\s?\d{2}|\b(?:kl|klo|kello)\.? ?\d{1,2}[.:]\d{2}")
# Alpine writes no time of the day: "On Mon, 2 Mar 2026, Help wrote:".
_ALPINE = re.compile(
    r"On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}, .{1,100} wrote:"
)
_ADDRESS = re.compile(r"[<(\[]\s?\S+@\S")
_BEGINS = re.compile(
    r"(?:On|At|Am|Le|El|Il|Em|No dia|Às|Op|W dniu|Dnia|Dne|Den|På|Wiadomość napisana|In data"
    r"|Dana|La data|\w{2,6}[.,]{1,2} \d|(?:po|út|st|čt|pá|so|ne|ma|ti|ke|to|pe|la|su) \d)(?=\W|\d)"
    r"|[*] \S|\d|在|于|於"
)
_NAME_FIRST = re.compile(
    r"[^<>:.!?]{1,80}[<(]|(?:[^\W\d_a-z]\S{0,30} ){1,5}(?:wrote|schrieb|a écrit|ha scritto|escribió"
    r"|escreveu|schreef|skrev|kirjoitti|napsal|napisał|писал|пишет)\W"
)
# Words in lower case that programs write, besides a weekday and a month; and parts of names.
_SMALL = frozenset(
    [
        "a", "alle", "am", "and", "at", "da", "dag", "das", "de", "del", "den", "der",
        "des", "di", "dia", "dne", "dniu", "do", "dos", "du", "et", "for", "für", "giorno",
        "gmt", "godz", "h", "ha", "heeft", "het", "hs", "in", "kello", "kl", "klo", "la", "las",
        "le", "nd", "o", "odesílatel", "of", "om", "on", "op", "ore", "os", "pm", "przez",
        "rd", "s", "st", "th", "the", "uhr", "um", "und", "utc", "v", "van", "via",
        "volgende", "von", "w", "à", "às", "а", "в", "г",  # noqa: RUF001 - Russian
    ]
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


def attribution_start(lines: list[str], end: int, *, sure: bool = False) -> int:
    """Return where the attribution above line `end` begins (`On ... X wrote:`), else `end`.

    `sure` asks for one that nobody would write himself: see `is_certain`.
    """
    last = end
    while last and not lines[last - 1].strip():
        last -= 1
    found, text = end, ""
    for at in range(last - 1, max(last - 1 - MAX_ATTRIBUTION_LINES, -1), -1):
        line = lines[at][:MAX_SEEN_CHARS].strip()
        if not line or is_quoted(line) or (text and not _goes_on(line, text)):
            break
        goes_on_from = text
        text = f"{line} {text}".strip()
        if not text.endswith((":", "\uff1a")):
            break
        begins = _BEGINS.match(text) is not None
        needed = goes_on_from.startswith(("<", "(")) or line.endswith(("<", "("))
        needed = needed or (found == end and _NAME_FIRST.match(text) is not None)
        if goes_on_from and not begins and not needed:
            continue
        if is_certain(text) if sure or goes_on_from else _is_attribution(text):
            found = at
            if begins:
                break
    return found


def is_intro(text: str) -> bool:
    """Tell whether text is surely what a mail program writes above a quote, or nothing.

    That begins in one of a few ways, has a day, a time of the day, and who wrote, and besides names
    hardly a word that is not one of the program's; a person's sentence above a quote has. One
    program leaves the time out, in a form of its own.
    """
    text = " ".join(text.split())
    if not text or _ALPINE.fullmatch(text):
        return True
    return _is_shaped(text) and _own_words(text) <= (1 if _IN_NUMBERS.search(text) else 2)


def is_certain(text: str) -> bool:
    """Whether nobody would write this himself; a name beside its address may be of any words."""
    return is_intro(text) or (_is_shaped(text) and _ADDRESS.search(text) is not None)


def _is_shaped(text: str) -> bool:
    return bool(
        (_BEGINS.match(text) or _NAME_FIRST.match(text))
        and (_VERBS.search(text) or _ADDRESS.search(text))
        and len(text.split()) <= MAX_INTRO_WORDS
        and _DAY.search(text)
        and _TIMED.search(text)
    )


def _is_attribution(text: str) -> bool:
    """Whether a line announces a mail: with a day and a time, or a name and a verb alone."""
    says = _VERBS.search(text) is not None and len(text.split()) > 2
    addressed = _ADDRESS.search(text) is not None
    if not says and not addressed:
        return False
    if _DATED.search(text) is None:
        return _own_words(text) == 0
    if _TIMED.search(text) is None and _BEGINS.match(text) is None:
        return False
    return addressed or _own_words(text) <= MOST_OWN_WORDS


def _own_words(text: str) -> int:
    """Count the words that are neither a name nor a program's; addresses are none."""
    bare = re.sub(r"\S*@\S*", " ", _VERBS.sub(" ", text))
    return sum(one.islower() and one not in _SMALL for one in _WORD.findall(bare))


def _goes_on(upper: str, lower: str) -> bool:
    """Whether a program may have broken a line between these two."""
    return upper.endswith("<") or len(upper) + 1 + len(lower.split(maxsplit=1)[0]) > SHORTEST_WRAP
