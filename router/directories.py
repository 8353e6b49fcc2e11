"""Whether an answer of a directory may replace the copy that is kept.

*No answer is not an empty answer.* An answer without anything, one that is null, and one in which a
large part of what was there is missing are trouble, and the kept copy stays; a person may accept a
real shrinkage. Downtimes come and go: none of them is a good answer.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parsers.directory import Answer

WEEK = timedelta(days=7)  # trouble that lasts is told again: rights grow old with the copy
ALONE = 1  # so many may always go at once: in a list of three, one is more than a part


class Said(StrEnum):
    """How the last attempt to read a directory ended."""

    OK = "ok"
    EMPTY = "empty"
    NULL = "null"
    SHORT = "short"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Changes:
    """How many entries an answer adds to the kept copy, takes from it and changes."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def __str__(self) -> str:
        """Return it as `+3 -1 ~2`."""
        return f"+{self.added} -{self.removed} ~{self.changed}"

    @property
    def any(self) -> bool:
        """Whether anything is different."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`said` is ok, empty or short; `detail` says why, for people."""

    said: Said
    detail: str = ""


def judge(
    kept: Answer,
    answer: Answer,
    now: datetime,
    *,
    expected: Collection[str],
    max_shrink: float,
    accept: bool = False,
) -> Judgement:
    """Judge an answer by what is kept, which may be nothing yet, at this moment.

    `expected` are the lists that were asked for, words of `LISTS`; none of them may be empty.
    `max_shrink` is the part of a list that may be missing (0.3 is 30 %). `accept` lets a shrinkage
    pass, never an empty list.
    """
    for name, names in LISTS.items():
        if not names(answer) and (name in expected or names(kept)):
            more = f", {len(names(kept))} are kept" if names(kept) else ""
            return Judgement(Said.EMPTY, f"no {name}{more}")
    found = "; ".join(
        [
            *_missing(LISTS, kept, answer, max_shrink),
            *_missing(PARTS, _in_force(kept, now), _in_force(answer, now), max_shrink),
            *_without_role(_in_force(kept, now), _in_force(answer, now), max_shrink),
        ]
    )
    if found and not accept:
        return Judgement(Said.SHORT, found)
    return Judgement(Said.OK, found)


def _missing(
    lists: Mapping[str, "Names"], kept: Answer, answer: Answer, max_shrink: float
) -> list[str]:
    """Return a sentence for each list that has shrunk too much."""
    found = []
    for name, names in lists.items():
        before, after = names(kept), names(answer)
        gone = before - after
        if len(gone) > max(ALONE, max_shrink * len(before)):
            found.append(f"{len(gone)} of {len(before)} {name} are missing")
    return found


def _without_role(kept: Answer, answer: Answer, max_shrink: float) -> list[str]:
    """Return a sentence for each role that too few have. Amounts count: shifts change people."""
    found = []
    for role in ("alarm", "team"):
        had, has = _amounts_with(kept, role), _amounts_with(answer, role)
        for vo, amount in sorted(had.items()):
            if not has[vo]:
                found.append(f"nobody of {vo} has the role {role} any more")
            elif amount - has[vo] > max(ALONE, max_shrink * amount):
                found.append(f"{has[vo]} of {vo} have the role {role}, {amount} had it")
    return found


def _in_force(answer: Answer, now: datetime) -> Answer:
    """Return an answer without the people who have no right: their names alone do not count."""
    people = (one for one in answer.members if not one.suspended and not one.expired(now))
    return replace(answer, members=tuple(people))


Names = Callable[[Answer], set[Hashable]]


def _sites(answer: Answer) -> set[Hashable]:
    return {site.name.lower() for site in answer.sites}


def _rocs(answer: Answer) -> set[Hashable]:
    return {roc.name.lower() for roc in answer.rocs}


def _members(answer: Answer) -> set[Hashable]:
    return {(one.vo, one.id or one.name) for one in answer.members}


def _routable(answer: Answer) -> set[Hashable]:
    return {site.name.lower() for site in answer.sites if site.routable}


def _with_contact(answer: Answer) -> set[Hashable]:
    return {site.name.lower() for site in answer.sites if site.contacts}


def _with_alarm(answer: Answer) -> set[Hashable]:
    return {site.name.lower() for site in answer.sites if site.alarm_addresses}


def _rocs_with_address(answer: Answer) -> set[Hashable]:
    return {roc.name.lower() for roc in answer.rocs if roc.addresses}


def _with_roc(answer: Answer) -> set[Hashable]:
    return {site.name.lower() for site in answer.sites if site.roc}


def _critical(answer: Answer) -> set[Hashable]:
    return {site.name.lower() for site in answer.sites if site.tier in {0, 1}}


def _with_rights(answer: Answer) -> set[Hashable]:
    return {(one.vo, one.id or one.name) for one in answer.members if one.roles}


def _with_mail(answer: Answer) -> set[Hashable]:
    return {(one.vo, one.id or one.name) for one in answer.members if one.addresses}


def _with_certificate(answer: Answer) -> set[Hashable]:
    return {(one.vo, one.id or one.name) for one in answer.members if one.certificates}


LISTS: Mapping[str, Names] = {"sites": _sites, "ROCs": _rocs, "people": _members}
PARTS: Mapping[str, Names] = {
    "certified sites": _routable,
    "contacts of sites": _with_contact,
    "alarm addresses of sites": _with_alarm,
    "addresses of ROCs": _rocs_with_address,
    "ROCs of sites": _with_roc,
    "sites of tier 0 and 1": _critical,
    "people with a role": _with_rights,
    "people with an address": _with_mail,
    "people with a certificate": _with_certificate,
}


def _amounts_with(answer: Answer, role: str) -> Counter[str]:
    return Counter(one.vo for one in answer.members if role in one.roles)


@dataclass(frozen=True, slots=True)
class Telling:
    """What the operator is told after an attempt: "" for nothing, and of what, until it is over."""

    text: str
    told: tuple[Said, ...]


def another_week(since: datetime | None, before: datetime | None, now: datetime) -> bool:
    """Whether a week of trouble has become full since the attempt before; `since` is its begin."""
    if since is None or before is None:
        return False
    return (now - since) // WEEK > (before - since) // WEEK


def tell(
    name: str, judgement: Judgement, told: Collection[Said], good_at: str, *, again: bool = False
) -> Telling:
    """Return the notice after an attempt to read directory `name`: title first, then lines.

    Each kind of trouble is told once until it is over, unless it is told `again`, and then that it
    is over. `good_at` is the time of the kept copy as people read it, "" when there is none.
    """
    said, before = judgement.said, tuple(told)
    if said is Said.OK:
        if not before:
            return Telling("", ())
        return Telling(f"Directory {name}: all is well again\nIt has been read and is in use.", ())
    if said in before and not again:
        return Telling("", before)
    kept = f"The copy of {good_at} stays in use." if good_at else "There is no earlier copy."
    lines = [f"Directory {name}: {said}", f"{ADVICE[said]} {judgement.detail}.", kept]
    if said is Said.SHORT:
        lines.append(f"If that is right: ticketgate sync {name} --accept")
    return Telling("\n".join(lines), tuple(dict.fromkeys((*before, said))))


ADVICE: Mapping[Said, str] = {
    Said.EMPTY: "Its answer is empty, which changes nothing here:",
    Said.NULL: "Its answer is null: what we asked for is unknown there. It changes nothing here:",
    Said.SHORT: "Much of what it listed is missing:",
    Said.BROKEN: "Its answer cannot be read:",
    Said.UNREACHABLE: "It does not answer us:",
}
