"""What was told against what had to be told: double, missing, early, late, out of hours, too late.

Every expected step must have one mail to its reader, at the very look that is expected, and there
must be no other mail. Whether a mail came in working hours and before the end of its ticket is
looked up once more by itself.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulation.expected import FINAL, Expected, Life
from simulation.minutes import hours, in_utc
from simulation.records import Records, Seen, Told
from simulation.world import BY_NAME, FIRST_LINE, HELPDESK

FAULTS = (
    "double", "missing", "early", "late", "out of hours", "after the end", "not expected",
    "jumps not told once",
)  # fmt: skip


@dataclass
class Verdict:
    """What was found: how many of each fault, in words, and how much was right."""

    faults: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)

    def blame(self, fault: str, words: str) -> None:
        """Note a fault."""
        self.faults[fault] += 1
        self.words.append(f"{fault}: {words}")


def check(records: Records) -> Verdict:
    """Compare everything that was recorded with what is expected."""
    verdict = Verdict()
    told: dict[int, list[Told]] = {ticket: [] for ticket in records.seen}
    for one in records.told:
        told[one.ticket].append(one)
    for ticket, lives in records.seen.items():
        expected = list(Life(ticket, records).follow())
        _closings(ticket, lives, [one for one in expected if one.who == "close"], verdict)
        mails = [one for one in expected if one.who != "close"]
        _mails(records, mails, told[ticket], verdict)
        for one in expected:
            verdict.steps[one.who] += 1
    phases = {one.place: one.phase for one in records.looks}
    for one in records.told:
        _in_its_time(records, one, phases[one.place], verdict)
    return verdict


def _mails(
    records: Records, expected: Iterable[Expected], told: Iterable[Told], verdict: Verdict
) -> None:
    wanted = {(one.place, _address(records, one)): one for one in expected}
    left: list[Told] = []
    seen: Counter[tuple[int, str]] = Counter()
    for one in told:
        key = (one.place, one.address)
        seen[key] += 1
        if seen[key] > 1:
            verdict.blame("double", _says(one))
        elif key not in wanted:
            left.append(one)
    missing = [one for key, one in wanted.items() if key not in seen]
    for one in missing:
        address = _address(records, one)
        near = [mail for mail in left if mail.address == address and mail.place >= one.since]
        words = f"ticket {one.ticket}, step {one.step} to {address}, due {in_utc(one.due_at)}"
        if not near:
            verdict.blame("missing", f"{words}, expected at {in_utc(one.at)}")
            continue
        mail = min(near, key=lambda mail: abs(mail.place - one.place))
        left.remove(mail)
        fault = "early" if mail.place < one.place else "late"
        verdict.blame(fault, f"{words}, expected at {in_utc(one.at)}, was at {in_utc(mail.at)}")
    for mail in left:
        same = any(
            one.address == mail.address and one.reason == mail.reason and one.place < mail.place
            for one in told
        )
        verdict.blame("double" if same else "not expected", _says(mail))


def _closings(
    ticket: int, lives: Iterable[Seen], expected: Iterable[Expected], verdict: Verdict
) -> None:
    closed = {one.place: one.at for one in lives if one.by_clock and one.status == "closed"}
    wanted = {one.place: one for one in expected}
    for place in closed.keys() - wanted.keys():
        fault = "not expected"
        if wanted:
            fault = "early" if place < min(wanted) else "late"
        verdict.blame(fault, f"ticket {ticket} was closed at {in_utc(closed[place])}")
    for place in wanted.keys() - closed.keys():
        if not closed:
            verdict.blame("missing", f"ticket {ticket} is not closed, {wanted[place]}")


def _in_its_time(records: Records, one: Told, phase: int, verdict: Verdict) -> None:
    lives = records.seen[one.ticket]
    was = next(seen for seen in reversed(lives) if seen.place < one.place)
    if was.status in FINAL:
        verdict.blame("after the end", _says(one))
    units = [unit for unit in BY_NAME.values() if unit.address == one.address]
    open_ = hours(units[0] if units else BY_NAME[HELPDESK], phase, records.end)
    if not open_.is_open(one.at):
        verdict.blame("out of hours", _says(one))


def _address(records: Records, one: Expected) -> str:
    was = next(s for s in reversed(records.seen[one.ticket]) if s.place < one.place)
    if one.who == "submitter":
        return was.submitter
    return BY_NAME[FIRST_LINE if one.who == FIRST_LINE else was.unit].address


def _says(one: Told) -> str:
    return f"ticket {one.ticket}, {one.address}, {one.reason}, at {in_utc(one.at)}"
