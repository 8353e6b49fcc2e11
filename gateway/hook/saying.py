"""What people and monitoring systems here say about an alarm: `ack`, `resolve`, `notify`, ...

Rule: it becomes an answer in the outbox, and goes out at once if it can. A notification that names
no alarm means all open ones, because a system may show several in one service.
Standard library only.
"""

from collections.abc import Mapping, Sequence

from gateway.hook.alarm_state import AlarmState
from gateway.hook.hook import Hook
from gateway.hook.listening import give
from gateway.hook.state import HEARTBEAT, TEST
from parsers.alarm_answer import Answer, AnswerEvent

# The words of Nagios and Icinga 2 ($NOTIFICATIONTYPE$), Zabbix, and ours.
NOTIFICATIONS: Mapping[str, AnswerEvent] = {
    "ACKNOWLEDGEMENT": AnswerEvent.ACK,
    "ACKNOWLEDGED": AnswerEvent.ACK,
    "ACK": AnswerEvent.ACK,
    "RECOVERY": AnswerEvent.RESOLVE,
    "OK": AnswerEvent.RESOLVE,
    "RESOLVED": AnswerEvent.RESOLVE,
    "RESOLVE": AnswerEvent.RESOLVE,
    "CUSTOM": AnswerEvent.COMMENT,
    "COMMENT": AnswerEvent.COMMENT,
}

ALL = frozenset({"", "all"})


def find_alarms(hook: Hook, name: str) -> Sequence[AlarmState]:
    """Return the alarms meant by a name: an alarm id, a ticket number, "all" or "" for all open."""
    states = [one for one in hook.alarms.all() if not one.key.startswith((TEST, HEARTBEAT))]
    if name in ALL:
        return [one for one in states if one.is_open]
    return [one for one in states if name in {one.alarm.alarm_id, one.alarm.ticket}]


def say(hook: Hook, states: Sequence[AlarmState], answer: Answer) -> Sequence[tuple[str, bool]]:
    """Put the answer for each alarm into the outbox; return (alarm id, whether it is new)."""
    return [(one.alarm.alarm_id, give(hook, one, answer)) for one in states]
