"""What the hook remembers of one alarm, as a value, and its form on disk.

Pure: each function returns a new value. `state` keeps it.
Standard library only.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from parsers.alarm import Alarm, AlarmEvent, AlarmStatus
from parsers.alarm_document import hear_alarm, read_time, write_time
from parsers.errors import Malformed

MAX_NONCES = 100
MAX_ANSWERS = 300
_STARTS = frozenset({AlarmEvent.OPEN, AlarmEvent.REOPEN})


@dataclass(frozen=True, slots=True)
class Shown:
    """How one sink stands with this alarm.

    `seq` is the newest document that it shows, 0 for none; `behind_since` when it fell behind, None
    while it does not; `trouble` what it said last, "" when it took it.
    """

    seq: int = 0
    where: str = ""
    behind_since: datetime | None = None
    attempts: int = 0
    next_try: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class AlarmState:
    """One alarm. `document` is the newest one as it arrived; `nonces` are event ids by nonce.

    `answers` are the names of answers that were given to the outbox. `episode` is the sequence
    number at which it last began to fire: a person may acknowledge each time anew.
    """

    key: str
    document: str
    alarm: Alarm
    received_at: datetime
    episode: int = 0
    nonces: Mapping[str, str] = field(default_factory=dict)
    sinks: Mapping[str, Shown] = field(default_factory=dict)
    answers: tuple[str, ...] = ()

    @property
    def seq(self) -> int:
        """The sequence number of the newest document."""
        return self.alarm.seq

    @property
    def is_open(self) -> bool:
        """Whether it is to be shown as a problem."""
        return self.alarm.status is not AlarmStatus.RESOLVED

    def sink(self, name: str) -> Shown:
        """Return how a sink stands."""
        return self.sinks.get(name, Shown())

    def with_sink(self, name: str, shown: Shown) -> "AlarmState":
        """Return the state with one sink's standing changed."""
        return replace(self, sinks={**self.sinks, name: shown})

    def with_answer(self, name: str) -> "AlarmState":
        """Return the state with one more answer given to the outbox."""
        return replace(self, answers=(*self.answers, name)[-MAX_ANSWERS:])


def applied(
    before: AlarmState | None, key: str, document: str, at: datetime, sinks: Iterable[str]
) -> AlarmState:
    """Return the state after a new document; every one of `sinks` has to show it."""
    alarm = hear_alarm(document)
    begins = before is None or alarm.event in _STARTS
    nonces = {**(before.nonces if before else {}), alarm.nonce: alarm.event_id}
    state = AlarmState(
        key=key,
        document=document,
        alarm=alarm,
        received_at=at,
        episode=alarm.seq if begins or before is None else before.episode,
        nonces=dict(list(nonces.items())[-MAX_NONCES:]),
        sinks=before.sinks if before else {},
        answers=before.answers if before else (),
    )
    for name in sinks:
        old = state.sink(name)
        since = old.behind_since or at
        # What was held back because of an older document is tried at once: this one is news.
        state = state.with_sink(name, replace(old, behind_since=since, next_try=None))
    return state


def write_state(state: AlarmState) -> bytes:
    """Return the state as it stands on disk."""
    form = {
        "key": state.key,
        "received_at": write_time(state.received_at),
        "episode": state.episode,
        "nonces": dict(state.nonces),
        "sinks": {name: _write_shown(one) for name, one in state.sinks.items()},
        "answers": list(state.answers),
        "document": state.document,
    }
    return json.dumps(form, indent=1).encode()


def read_state(text: bytes) -> AlarmState:
    """Return the state of `write_state`; raises Malformed for anything else."""
    try:
        form: Any = json.loads(text)
        return AlarmState(
            key=str(form["key"]),
            document=str(form["document"]),
            alarm=hear_alarm(form["document"]),
            received_at=read_time(form["received_at"]),
            episode=int(form["episode"]),
            nonces={str(k): str(v) for k, v in form["nonces"].items()},
            sinks={str(k): _read_shown(v) for k, v in form["sinks"].items()},
            answers=tuple(str(one) for one in form["answers"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed("Not readable.", f"a state that cannot be read: {error!r}") from error


def _write_shown(one: Shown) -> Mapping[str, Any]:
    return {
        "seq": one.seq,
        "where": one.where,
        "behind_since": one.behind_since and write_time(one.behind_since),
        "attempts": one.attempts,
        "next_try": one.next_try and write_time(one.next_try),
        "trouble": one.trouble,
    }


def _read_shown(form: Any) -> Shown:
    return Shown(
        seq=int(form["seq"]),
        where=str(form["where"]),
        behind_since=read_time(form["behind_since"]) if form["behind_since"] else None,
        attempts=int(form["attempts"]),
        next_try=read_time(form["next_try"]) if form["next_try"] else None,
        trouble=str(form["trouble"]),
    )
