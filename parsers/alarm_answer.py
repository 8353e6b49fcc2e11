"""What a site answers to an alarm: a few `Key: value` lines at the top of a mail.

`write_answer` and `hear_answer` are each other's inverse. It is sent to the Reply-To of an alarm
mail by the site's hook, or typed by a person there; who may answer is proven by that address
alone, so nothing in here proves anything.
Standard library only, and pure: the site's alarm hook imports this file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_LINES = 20
MAX_VALUE_CHARS = 500
_LINE = re.compile(r"([A-Za-z][A-Za-z-]{0,30})[ \t]{0,8}:[ \t]*(.*)")


class AnswerEvent(StrEnum):
    """What the site says. `unreachable`: the hook has the alarm, but its monitoring has not."""

    RECEIPT = "receipt"
    ACK = "ack"
    RESOLVE = "resolve"
    COMMENT = "comment"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Texts may be empty; `seq` is that of the document it answers, 0 for none.

    `by` is who acknowledged, as the monitoring system names that person. `comment` may have several
    lines.
    """

    event: AnswerEvent
    alarm_id: str = ""
    seq: int = 0
    by: str = ""
    comment: str = ""


def write_answer(answer: Answer) -> str:
    r"""Return the text of the answer's mail, `\n` line ends."""
    lines = [f"Alarm-Id: {answer.alarm_id}"] if answer.alarm_id else []
    lines.append(f"Event: {answer.event.value}")
    lines += [f"Sequence: {answer.seq}"] if answer.seq else []
    lines += [f"By: {answer.by}"] if answer.by else []
    text = answer.comment.strip("\n")
    return "\n".join(lines) + "\n" + (f"\n{text}\n" if text else "")


def hear_answer(text: str) -> Answer | None:
    """Return the answer at the top of a text; None when it does not begin with such lines.

    A line `Comment:` serves as well as text below.
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    values: dict[str, str] = {}
    end = start
    for line in lines[start : start + MAX_LINES]:
        found = _LINE.fullmatch(line.rstrip())
        key = found[1].lower() if found else ""
        if found is None or key not in _KEYS or key in values:
            break
        values[key] = " ".join(found[2].split())[:MAX_VALUE_CHARS]
        end += 1
    event = _EVENTS.get(values.get("event", "").lower())
    if event is None:
        return None
    rest = "\n".join(lines[end:]).strip("\n")
    seq = values.get("sequence", "")
    said = values.get("comment", "")
    return Answer(
        event,
        alarm_id=values.get("alarm-id", ""),
        seq=int(seq) if re.fullmatch("[0-9]{1,15}", seq) else 0,
        by=values.get("by", ""),
        comment="\n\n".join(one for one in (said, rest) if one),
    )


_KEYS = frozenset({"alarm-id", "event", "sequence", "by", "comment"})
_EVENTS: Mapping[str, AnswerEvent] = {
    **{one.value: one for one in AnswerEvent},
    "acknowledge": AnswerEvent.ACK,
    "acknowledged": AnswerEvent.ACK,
    "resolved": AnswerEvent.RESOLVE,
    "recovery": AnswerEvent.RESOLVE,
}
