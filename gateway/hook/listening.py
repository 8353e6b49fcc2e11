"""What people did in a monitoring system that says nothing by itself: asked for, mailed once.

Rule: the same act counts once for each time the alarm fires, however often the system repeats it.
Standard library only.
"""

from dataclasses import replace
from hashlib import sha256

from gateway.hook.alarm_state import AlarmState
from gateway.hook.hook import Hook
from gateway.hook.letters import answer_letter
from gateway.hook.log import LOG
from gateway.hook.state import HEARTBEAT, LOCAL, TEST
from parsers.alarm import AlarmStatus
from parsers.alarm_answer import Answer, AnswerEvent
from parsers.errors import MailError


def listen(hook: Hook, name: str) -> None:
    """Ask one sink about the open alarms and put what it says into the outbox; never raises."""
    ours = {
        state.alarm.alarm_id: state
        for state in hook.alarms.all()
        if state.is_open and not state.key.startswith((TEST, HEARTBEAT, LOCAL))
    }
    if not ours:
        return
    try:
        for answer in hook.sinks[name].heard([state.alarm for state in ours.values()]):
            state = ours.get(answer.alarm_id)
            if state is not None:
                give(hook, state, answer)
    except (MailError, OSError) as error:
        LOG.warning("sink %s cannot be asked: %s", name, error)
    except Exception:
        LOG.exception("sink %s", name)


def give(hook: Hook, state: AlarmState, answer: Answer) -> bool:
    """Put an answer into the outbox, once; return False for what is known already.

    An alarm that is acknowledged is not acknowledged again, a resolved one not answered: the site's
    system repeats what the helpdesk made it say. Raises Deferred and OSError like `Alarms.change`.
    """
    alarm = state.alarm
    known = answer.event is AnswerEvent.ACK and alarm.status is AlarmStatus.ACKNOWLEDGED
    over = not state.is_open and answer.event is not AnswerEvent.COMMENT
    if known or over or not alarm.reply_to:
        return False
    said = f"{answer.event}\n{answer.by}\n{answer.comment}\n{state.episode}"
    name = f"{answer.event}:{sha256(said.encode()).hexdigest()[:16]}"
    return give_as(hook, state, replace(answer, alarm_id=alarm.alarm_id, seq=alarm.seq), name)


def give_as(hook: Hook, state: AlarmState, answer: Answer, name: str) -> bool:
    """Put an answer into the outbox under a name that is used once for each alarm."""
    given = False

    def change(current: AlarmState | None) -> AlarmState | None:
        nonlocal given
        if current is None or name in current.answers:
            return None
        # The letter first: a kill in between writes the same letter again, not none.
        whole = f"{current.key} {name}"
        hook.outbox.put(answer_letter(whole, state.alarm, answer, hook.now()))
        given = True
        return current.with_answer(name)

    hook.alarms.change(state.key, change)
    return given
