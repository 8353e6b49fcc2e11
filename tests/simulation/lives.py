"""Random lives: what people do to a ticket next, by its status, and when.

By mails and by operators' commands, at all hours. Many tickets are left alone for long, so that the
clock comes to the end of what it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from simulation.desks import Helpdesk
from simulation.world import ALARMER, BY_NAME, FIRST_LINE, SUBMITTERS, TEAM, UNITS, WORDS

MOST_ACTS = 14
SITES = tuple(one.site for one in UNITS if one.site)
NAMES = tuple(one.name for one in UNITS)
Act = Callable[[Helpdesk, int, Random], bool]


@dataclass(frozen=True)
class Way:
    """One thing that may be done, so often for each other."""

    weight: int
    act: Act


def idle(rng: Random) -> timedelta:
    """Return how long nothing happens to a ticket: minutes to months."""
    minutes = rng.choices(
        (rng.randint(1, 480), rng.randint(480, 5760), rng.randint(5760, 20160),
         rng.randint(20160, 86400)),
        (35, 30, 25, 10),
    )[0]  # fmt: skip
    return timedelta(minutes=minutes, seconds=rng.randint(0, 59))


def open_one(desk: Helpdesk, rng: Random) -> None:
    """Let somebody open a ticket of some kind; a few are held and released by an operator."""
    site = f"Site: {rng.choice(SITES)}\n" if rng.random() < 0.9 else ""
    priority = f"Priority: {rng.choice(WORDS)}\n" if rng.random() < 0.7 else ""
    text = f"{site}{priority}\nIt does not work.\n"
    kind = rng.random()
    if kind < 0.1 and site:
        desk.mail(ALARMER, "alarm@helpdesk.example", f"VO: atlas\n{text}")
    elif kind < 0.25 and site:
        desk.mail(TEAM, "team@helpdesk.example", f"VO: atlas\n{text}")
    else:
        desk.mail(rng.choice(SUBMITTERS), "support@helpdesk.example", text, proven=kind < 0.95)


def _line(key: str, value: str, text: str = "") -> Act:
    def act(desk: Helpdesk, number: int, rng: Random) -> bool:
        del rng
        return desk.command(number, [(key, value)], text)

    return act


def _assign(desk: Helpdesk, number: int, rng: Random) -> bool:
    return desk.command(number, [("assign_to", rng.choice(NAMES))])


def _priority(desk: Helpdesk, number: int, rng: Random) -> bool:
    return desk.command(number, [("priority", rng.choice(WORDS))], "It is so.")


def _release(desk: Helpdesk, number: int, rng: Random) -> bool:
    if rng.random() < 0.8:
        desk.release(number)
    return True


def _by_submitter(text: str) -> Act:
    def act(desk: Helpdesk, number: int, rng: Random) -> bool:
        del rng
        who = desk.records.seen[number][-1].submitter
        return desk.reply(number, who, who, text)

    return act


def _by_supporter(text: str) -> Act:
    """Let a unit's list write, as the responsible unit or as first line."""

    def act(desk: Helpdesk, number: int, rng: Random) -> bool:
        unit = BY_NAME[desk.records.seen[number][-1].unit]
        by = unit.address
        who = by if rng.random() < 0.7 else BY_NAME[FIRST_LINE].address
        return desk.reply(number, who, by, text)

    return act


_TAKE = Way(25, _line("status", "in progress"))
_TAKE_BY_MAIL = Way(12, _by_supporter("Status: in progress\n\nWe look at it.\n"))
_ASK = Way(15, _line("status", "waiting for reply", "Which version is it?"))
_ASK_BY_MAIL = Way(8, _by_supporter("Status: waiting for reply\n\nWhich version is it?\n"))
_HOLD = Way(7, _line("status", "on hold", "Spare parts are ordered."))
_SOLVE = Way(14, _line("status", "solved", "It was repaired."))
_SOLVE_BY_MAIL = Way(8, _by_supporter("Status: solved\n\nIt was repaired.\n"))
_GIVE_UP = Way(4, _line("status", "unsolved", "Nothing can be done."))
_GIVE_ON = Way(12, _assign)
_WEIGH = Way(8, _priority)
_SAY = Way(6, _by_submitter("It is still so.\n"))
_NOTE = Way(6, _by_supporter("We are on it.\n"))
_WORK = (_ASK, _ASK_BY_MAIL, _HOLD, _SOLVE, _SOLVE_BY_MAIL, _GIVE_UP, _GIVE_ON, _WEIGH, _SAY, _NOTE)
_UNTAKEN = (_TAKE, _TAKE_BY_MAIL, *_WORK)
_ENDED = (
    Way(20, _by_submitter("Verify: yes\n")),
    Way(25, _by_submitter("Reopen: yes\n\nIt is broken again.\n")),
    Way(8, _line("status", "reopened", "It was not repaired after all.")),
    Way(10, _by_submitter("Thank you.\n")),
)
WAYS: Mapping[str, Sequence[Way]] = {
    "new": _UNTAKEN,
    "assigned": _UNTAKEN,
    "reopened": _UNTAKEN,
    "in progress": _WORK,
    "on hold": (_TAKE, *_WORK),
    "waiting for reply": (
        Way(60, _by_submitter("It is version 3.\n")), _TAKE, _HOLD, _SOLVE, _GIVE_ON, _NOTE, _WEIGH,
        _GIVE_UP,
    ),
    "solved": _ENDED,
    "unsolved": _ENDED,
}  # fmt: skip
HELD = (Way(1, _release),)


def go_on(desk: Helpdesk, number: int, rng: Random) -> bool:
    """Let something happen to a ticket; False when nothing ever will any more."""
    now = desk.records.seen[number][-1]
    ways = HELD if now.held else WAYS.get(now.status, ())
    if not ways:
        return False
    way = rng.choices(ways, [one.weight for one in ways])[0]
    way.act(desk, number, rng)
    return True
