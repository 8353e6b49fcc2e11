"""The clock's steps as an operator writes them, `5 wd submitter`, read into rows of a process.

Rule: shares of the limit come first and grow, since they count from the beginning; working time
counts from the step before. Who may be told depends on the process.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator

from gateway.config.secrets import fault
from gateway.config.values import AsTuple
from router.timers import Step, Whom

_STEP = re.compile(r"([0-9]{1,4}) ?(%|min|h|wd) ([a-z-]+)")
_TIMES = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}
MAX_PERCENT, MAX_STEPS = 1000, 20
_TOLD = (
    'must be a time and who is told, such as "75 % unit", "5 wd submitter", "4 h first-line" or'
    ' "10 wd close"'
)


def read_steps(texts: Iterable[str]) -> tuple[Step, ...]:
    """Return the rows of a process; raises a validation error."""
    return tuple(map(_step, texts))


def _step(text: str) -> Step:
    match = _STEP.fullmatch(text)
    if match is None or match[3] not in set(Whom) or int(match[1]) == 0:
        raise fault(f"{text!r} {_TOLD}")
    number, whom = int(match[1]), Whom(match[3])
    if match[2] == "%":
        return Step(whom, percent=number)
    if match[2] == "wd":
        return Step(whom, days=number)
    return Step(whom, time=number * _TIMES[match[2]])


def _checked(texts: tuple[str, ...], allowed: Iterable[Whom], *, shares: bool) -> tuple[str, ...]:
    steps, names = read_steps(texts), list(allowed)
    if len(steps) > MAX_STEPS:
        raise fault(f"has more than {MAX_STEPS} steps")
    if any(one.whom not in names for one in steps):
        raise fault(f"may tell here: {', '.join(names)}")
    if any(one.percent for one in steps) and not shares:
        raise fault("has no limit here of which a share could be counted")
    percents = [one.percent for one in steps]
    if any(not 0 < before < after for before, after in pairwise(percents) if after):
        raise fault("shares of the limit come first, and each is more than the one before")
    if any(one > MAX_PERCENT for one in percents):
        raise fault(f"a share is {MAX_PERCENT} % at most")
    return texts


def _of_a_unit(texts: tuple[str, ...]) -> tuple[str, ...]:
    return _checked(texts, (Whom.UNIT, Whom.FIRST_LINE), shares=True)


def _of_a_submitter(texts: tuple[str, ...]) -> tuple[str, ...]:
    return _checked(texts, (Whom.SUBMITTER, Whom.UNIT, Whom.FIRST_LINE), shares=False)


def _of_the_end(texts: tuple[str, ...]) -> tuple[str, ...]:
    steps = _checked(texts, (Whom.CLOSE,), shares=False)
    if len(steps) > 1:
        raise fault("has one step at most: a ticket is closed once")
    return steps


ResponseSteps = Annotated[tuple[str, ...], AfterValidator(_of_a_unit), AsTuple]
SolutionSteps = Annotated[tuple[str, ...], AfterValidator(_of_a_unit), AsTuple]
WaitingSteps = Annotated[tuple[str, ...], AfterValidator(_of_a_submitter), AsTuple]
SolvedSteps = Annotated[tuple[str, ...], AfterValidator(_of_the_end), AsTuple]
