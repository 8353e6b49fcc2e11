"""What the hook promises the helpdesk: a receipt when the sinks have an alarm, a word when not.

Rule: a receipt says that people can see the alarm, not that a mail came. Each document has one, and
at most one `unreachable`.
Standard library only.
"""

from datetime import timedelta

from gateway.hook.alarm_state import AlarmState
from gateway.hook.feeding import is_stranded
from gateway.hook.hook import Hook
from gateway.hook.listening import give_as
from gateway.hook.state import HEARTBEAT, LOCAL, TEST
from parsers.alarm_answer import Answer, AnswerEvent


def give_receipts(hook: Hook) -> None:
    """Put into the outbox what is owed; raises Deferred and OSError like `Alarms.change`."""
    after = timedelta(minutes=hook.config.limits.fallback_after_minutes)
    for state in hook.alarms.all():
        if state.key.startswith(LOCAL) or not state.alarm.reply_to:
            continue
        if _name(state, AnswerEvent.RECEIPT) in state.answers:
            continue
        if _is_shown(hook, state):
            _give(hook, state, AnswerEvent.RECEIPT, _where(hook, state))
        elif is_stranded(state, hook.config.sinks, after, hook.now()):
            _give(hook, state, AnswerEvent.UNREACHABLE, _missing(hook, state))


def _is_shown(hook: Hook, state: AlarmState) -> bool:
    if state.key.startswith((TEST, HEARTBEAT)):
        return True
    return all(
        state.sink(block.name).seq >= state.seq
        for block in hook.config.sinks
        if block.receipt and (block.name in state.sinks or state.is_open)
    )


def _give(hook: Hook, state: AlarmState, event: AnswerEvent, comment: str) -> None:
    answer = Answer(event, state.alarm.alarm_id, state.seq, comment=comment)
    give_as(hook, state, answer, _name(state, event))


def _name(state: AlarmState, event: AnswerEvent) -> str:
    """Return what the answer is called: each document has its own."""
    return f"{event}:{state.seq}:{state.alarm.nonce}"


def _where(hook: Hook, state: AlarmState) -> str:
    if state.key.startswith(TEST):
        return "A test: it ends at the hook."
    if state.key.startswith(HEARTBEAT):
        return ""
    have = [block.name for block in hook.config.sinks if state.sink(block.name).seq >= state.seq]
    return f"Shown by: {', '.join(have)}."


def _missing(hook: Hook, state: AlarmState) -> str:
    """Name the sinks, and no more: what they said may hold what is not for the helpdesk."""
    missing = [
        block.name
        for block in hook.config.sinks
        if block.receipt and state.sink(block.name).seq < state.seq
    ]
    instead = [
        block.name
        for block in hook.config.sinks
        if block.fallback and state.sink(block.name).seq >= state.seq
    ]
    told = f"Told instead: {', '.join(instead)}." if instead else "Nobody was told instead."
    return f"Received, but not shown by: {', '.join(missing)}. {told}"
