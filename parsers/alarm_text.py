"""The alarm as people and pattern matchers read it: the subject, the header lines, the block.

Rule: ASCII, one line each, and no line longer than 70 characters but the URL's, because the filters
of sites match on lines and none of them decodes. Programs that can verify a signature read the
document (`parsers.alarm_document`) instead, and believe nothing of this.
Standard library only, and pure: the site's alarm hook imports this file.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from parsers.alarm import Alarm, Mode
from parsers.alarm_document import write_time

VERSION = "1"
LINE_CHARS = 69
SUBJECT_CHARS = 150
BLOCK_KEYS = (
    "Alarm-Id", "Ticket", "Event", "Status", "Severity", "Mode", "Site", "VO", "Service",
    "Summary", "Opened", "Sequence", "URL",
)  # fmt: skip
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "đ": "d", "ł": "l", "Ł": "L", "ð": "d",
     "þ": "th", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "“": '"', "”": '"', "…": "...",
     "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'"}
)  # fmt: skip
_MODE_WORDS: Mapping[Mode, str] = {Mode.EXERCISE: "EXERCISE ", Mode.TEST: "TEST "}


def ascii_line(text: str, limit: int) -> str:
    """Return text as one ASCII line of at most `limit` characters: accents go, the rest is `?`."""
    spread = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = "".join(char for char in spread if not unicodedata.combining(char))
    plain = re.sub(r"[^ -~]", lambda found: " " if found[0].isspace() else "?", plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - 3].rstrip() + "..."


def subject(alarm: Alarm) -> str:
    """Return the Subject: `[ALARM 900001] FIRING CRITICAL T1-EX cms: SRM endpoint down`.

    A drill or a test says so before the status, so `] FIRING` means an actual alarm.
    """
    word = f"{_MODE_WORDS.get(alarm.mode, '')}{alarm.status.value.upper()}"
    site, vo = ascii_line(alarm.site, 40), ascii_line(alarm.vo, 20)
    head = f"[ALARM {alarm.ticket}] {word} {alarm.severity.value.upper()} {site} {vo}".rstrip()
    return ascii_line(f"{head}: {alarm.summary}", SUBJECT_CHARS)


def header_lines(alarm: Alarm) -> Sequence[tuple[str, str]]:
    """Return the header fields by which a site's mail server sorts alarms, as name and value."""
    return (
        ("Importance", "high"),
        ("X-Priority", "1"),
        ("X-Alarm-Version", VERSION),
        ("X-Alarm-Id", alarm.alarm_id),
        ("X-Alarm-Seq", str(alarm.seq)),
        ("X-Alarm-Event", alarm.event.value),
        ("X-Alarm-Status", alarm.status.value),
        ("X-Alarm-Severity", alarm.severity.value),
        ("X-Alarm-Site", ascii_line(alarm.site, LINE_CHARS)),
        ("X-Alarm-VO", ascii_line(alarm.vo, LINE_CHARS)),
        ("X-Alarm-Mode", alarm.mode.value),
    )


def block(alarm: Alarm) -> str:
    r"""Return the lines of `BLOCK_KEYS` in their order, each ended by `\n`; empty values stay."""
    values = {
        "Alarm-Id": alarm.alarm_id,
        "Ticket": alarm.ticket,
        "Event": alarm.event.value,
        "Status": alarm.status.value,
        "Severity": alarm.severity.value,
        "Mode": alarm.mode.value,
        "Site": alarm.site,
        "VO": alarm.vo,
        "Service": alarm.service,
        "Summary": alarm.summary,
        "Opened": write_time(alarm.starts_at),
        "Sequence": str(alarm.seq),
        "URL": alarm.url,
    }
    lines = []
    for key in BLOCK_KEYS:
        # A number of an alarm and a URL are worth nothing when they are cut.
        limit = 990 if key in {"URL", "Alarm-Id"} else LINE_CHARS - len(key) - 2
        lines.append(f"{key}: {ascii_line(values[key], limit)}".rstrip() + "\n")
    return "".join(lines)
