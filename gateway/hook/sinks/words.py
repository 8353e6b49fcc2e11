"""How an alarm's words are said to monitoring: state, level, one line of text.

Texts of an alarm were typed by strangers. What they may carry into a system (a line break, a macro,
a quotation mark for somebody's shell) is taken out here, once.
Standard library only, and pure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from parsers.alarm import Alarm, AlarmStatus, Mode, Severity
from parsers.alarm_text import ascii_line

OUTPUT_CHARS = 1_500  # with its commands well below PIPE_BUF, and below what NSCA carries
ENTRY_CHARS = 200
AUTHOR = "helpdesk"


class State(IntEnum):
    """The states of Nagios, its relatives and Icinga."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


STATES: Mapping[Severity, State] = {
    Severity.CRITICAL: State.CRITICAL,
    Severity.MAJOR: State.CRITICAL,
    Severity.MINOR: State.WARNING,
    Severity.INFO: State.OK,
}
_MODES: Mapping[Mode, str] = {Mode.EXERCISE: "EXERCISE ", Mode.TEST: "TEST "}
# What shells, Nagios macros and performance data take for their own, and what stands for it.
_TAME = str.maketrans(
    {"|": "/", "\\": "/", "&": "+", "<": "(", ">": ")", "~": "-", "$": "", "`": "", "'": "",
     '"': "", ";": ","}
)  # fmt: skip


def severity(alarm: Alarm) -> Severity:
    """Return how bad it is to be shown: a test is never worse than info."""
    return Severity.INFO if alarm.mode is Mode.TEST else alarm.severity


def state(alarm: Alarm) -> State:
    """Return its state; an acknowledged alarm keeps the one of its severity."""
    return State.OK if alarm.status is AlarmStatus.RESOLVED else STATES[severity(alarm)]


def worst(alarms: Iterable[Alarm]) -> State:
    """Return the worst of their states, OK without any."""
    return max((state(one) for one in alarms), default=State.OK)


def all_acknowledged(alarms: Sequence[Alarm]) -> bool:
    """Return whether somebody cares for each of them; False without any."""
    return bool(alarms) and all(one.status is AlarmStatus.ACKNOWLEDGED for one in alarms)


def one_line(text: str) -> str:
    """Return a text in its own alphabet as one line without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def line(text: str, limit: int) -> str:
    """Return a text as one line of so many characters, without `$`, Icinga's sign for macros."""
    plain = one_line(text.replace("$", ""))
    return plain if len(plain) <= limit else plain[: limit - 3] + "..."


def tame(text: str, limit: int) -> str:
    """Return a text as one ASCII line that means nothing to a shell and is no macro."""
    return ascii_line(ascii_line(text, 4 * limit).translate(_TAME), limit)


def document(alarm: Alarm) -> str:
    """Return the name of a document, one word.

    Its number alone would come again from a hook that lost its memory.
    """
    return f"{alarm.seq}.{word(alarm.event_id)}"


def word(text: str) -> str:
    """Return a text as one word of ASCII that no pattern takes apart, `-` when it is empty."""
    return re.sub(r"[^A-Za-z0-9./_-]", "_", text) or "-"


def meant(alarm: Alarm) -> str:
    """Return the word in front of what is an exercise or a test, "" when it is meant."""
    return _MODES.get(alarm.mode, "")


def headline(alarm: Alarm) -> str:
    """Return `900001.4 CRITICAL cms: SRM endpoint down`, for a line of its own.

    The number behind the point is the document's; a newer one makes another line.
    """
    about = f"{alarm.vo}: {alarm.summary}" if alarm.vo else alarm.summary
    said = "" if alarm.status is AlarmStatus.FIRING else f" ({alarm.status.value})"
    level = meant(alarm) + severity(alarm).value.upper()
    return f"{alarm.ticket}.{alarm.seq} {level} {about}{said}"


def overview(alarm: Alarm, open_alarms: Sequence[Alarm]) -> str:
    """Return `2 open: ...`, the worst first and of those the newest: tame, OUTPUT_CHARS at most."""
    if not open_alarms:
        return tame(f"no alarm is open, the last was {headline(alarm)}", ENTRY_CHARS)
    ranked = sorted(open_alarms, key=lambda one: (state(one), one.starts_at), reverse=True)
    said = f"{len(ranked)} open: "
    for number, one in enumerate(ranked):
        entry = _entry(one)
        if len(said) + len(entry) > OUTPUT_CHARS - 20:
            return f"{said}and {len(ranked) - number} more"
        said += entry + (", " if number < len(ranked) - 1 else "")
    return said


def _entry(alarm: Alarm) -> str:
    """Return a tame headline whose end, the status, is not cut off."""
    said = "" if alarm.status is AlarmStatus.FIRING else f" ({alarm.status.value})"
    return tame(headline(alarm).removesuffix(said), ENTRY_CHARS) + said
