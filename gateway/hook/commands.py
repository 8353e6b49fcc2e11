"""The commands of `ticketgate-hook` but `deliver`: each takes the options and returns an exit code.

Standard library only.
"""

import argparse
import getpass
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping

from gateway.hook.checking import checks
from gateway.hook.config import ConfigFaults
from gateway.hook.config_keys import read_config
from gateway.hook.drain import drain, prune
from gateway.hook.hook import Hook, open_hook
from gateway.hook.log import open_log
from gateway.hook.loop import run as run_loop
from gateway.hook.poll import poll as poll_once
from gateway.hook.saying import ALL, NOTIFICATIONS, find_alarms, say
from gateway.hook.setup.writing import init
from gateway.hook.status import lines, standing
from gateway.hook.terminal import complain, show
from gateway.hook.trying import attempts
from parsers.alarm_answer import Answer, AnswerEvent
from parsers.errors import Deferred, MailError

DONE, WRONG, UNKNOWN, NOT_NOW = 0, 1, 3, 75
PASS_S = 300.0
SEND_S = 20.0


def failed(error: Exception) -> int:
    """Say what went wrong and return the exit code for it."""
    faults = error.faults if isinstance(error, ConfigFaults) else ()
    said = faults or (_detail(error),)
    for line in said:
        complain(line)
    return NOT_NOW if isinstance(error, Deferred | OSError) else WRONG


def _detail(error: Exception) -> str:
    """Return what a person can use: an OSError names its file in its text only."""
    if isinstance(error, MailError):
        return error.detail
    return str(error) if isinstance(error, OSError) else f"{error!r}"


def _hook(options: argparse.Namespace, *, aloud: bool = True) -> Hook:
    open_log(aloud=aloud)
    return open_hook(read_config(options.config))


def _pass(options: argparse.Namespace, *, again: bool) -> int:
    hook = _hook(options)
    drain(hook, time.monotonic() + PASS_S, again=again, ask=True)
    prune(hook)
    return DONE


def _flush(options: argparse.Namespace) -> int:
    return _pass(options, again=False)


def _resync(options: argparse.Namespace) -> int:
    return _pass(options, again=True)


def _poll(options: argparse.Namespace) -> int:
    hook = _hook(options)
    if hook.config.poll is None:
        complain("poll: is missing in the configuration")
        return WRONG
    try:
        poll_once(hook.config.poll, hook.config.directory)
    finally:
        drain(hook, time.monotonic() + PASS_S)
    return DONE


def _run(options: argparse.Namespace) -> int:
    run_loop(_hook(options))
    return DONE


def _status(options: argparse.Namespace) -> int:
    found = standing(_hook(options, aloud=False))
    show(json.dumps(found, indent=1) if options.json else "\n".join(lines(found)))
    return WRONG if found["problems"] else DONE


def _test(options: argparse.Namespace) -> int:
    hook = _hook(options, aloud=False)
    names = options.sink or list(hook.sinks)
    unknown = [name for name in names if name not in hook.sinks]
    if unknown:
        complain(f"no sink {', '.join(unknown)}")
        return UNKNOWN
    return _printed(attempts(hook, names, keep=options.keep, page=options.page))


def _check_config(options: argparse.Namespace) -> int:
    open_log(aloud=False)
    return _printed(checks(read_config(options.config)))


def _printed(found: Iterable[tuple[str, bool, str]]) -> int:
    """Print what was tried, line by line, and return whether all of it worked."""
    code = DONE
    for tried, good, said in found:
        show(f"{'ok' if good else 'FAULT'}: {tried}: {said}")
        code = code if good else WRONG
    return code


def _say(event: AnswerEvent) -> Callable[[argparse.Namespace], int]:
    def command(options: argparse.Namespace) -> int:
        hook = _hook(options, aloud=False)
        states = find_alarms(hook, options.alarm)
        if not states:
            complain(f"no alarm {options.alarm} is known here")
            return UNKNOWN
        if len(states) > 1 and options.alarm not in ALL:
            ids = ", ".join(state.alarm.alarm_id for state in states)
            complain(f"{options.alarm} may be {ids}: write which")
            return UNKNOWN
        by = options.by or _caller()
        said = say(hook, states, Answer(event, by=by, comment=" ".join(options.text)))
        hook.outbox.send_due(hook.now(), time.monotonic() + SEND_S)
        for alarm_id, is_new in said:
            show(f"{alarm_id}: {'said' if is_new else 'nothing to say: the helpdesk knows it'}")
        return DONE

    return command


def _caller() -> str:
    """Return who types: the person behind sudo, else the user of this process."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return str(os.getuid())


def _notify(options: argparse.Namespace) -> int:
    """Answer for a monitoring system; what it says besides is none of our business."""
    event = NOTIFICATIONS.get(options.event.upper())
    if event is None:
        return DONE
    hook = _hook(options, aloud=False)
    answer = Answer(event, by=options.by, comment=options.comment)
    say(hook, find_alarms(hook, options.alarm), answer)
    hook.outbox.send_due(hook.now(), time.monotonic() + SEND_S)
    return DONE


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "poll": _poll,
    "flush": _flush,
    "resync": _resync,
    "run": _run,
    "status": _status,
    "test": _test,
    "ack": _say(AnswerEvent.ACK),
    "resolve": _say(AnswerEvent.RESOLVE),
    "comment": _say(AnswerEvent.COMMENT),
    "notify": _notify,
    "check-config": _check_config,
    "init": init,
}
