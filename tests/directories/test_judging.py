"""What may replace a kept copy: the table of trouble, and who is told of it how often."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parsers.directory import Answer
from parsers.registry import Roc, Site
from parsers.roster import Member
from router.directories import Judgement, Said, judge, tell

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALARM, TEAM = frozenset({"alarm"}), frozenset({"team"})


def sites(amount: int, **more: object) -> Answer:
    every = {"contacts": ("a@x.example",), "alarm_addresses": ("b@x.example",)} | more
    return Answer(sites=tuple(Site(f"S{n}", **every) for n in range(amount)))  # type: ignore[arg-type]


def people(*roles: frozenset[str], vo: str = "atlas") -> Answer:
    return Answer(
        members=tuple(Member(f"M{n}", vo=vo, roles=r, id=str(n)) for n, r in enumerate(roles))
    )


def said(kept: Answer, answer: Answer, *expected: str, accept: bool = False) -> Said:
    return judge(kept, answer, NOW, expected=expected, max_shrink=0.3, accept=accept).said


@pytest.mark.parametrize(
    ("kept", "answer", "word"),
    [
        (sites(10), sites(10), Said.OK),
        (sites(10), sites(7), Said.OK),
        (sites(10), sites(6), Said.SHORT),
        (sites(10), Answer(), Said.EMPTY),
        (Answer(), Answer(), Said.EMPTY),
        (Answer(), sites(1), Said.OK),
        (sites(3), sites(2), Said.OK),  # one of three is more than 30 %, and only one
        (sites(4), sites(2), Said.SHORT),
        (sites(10), sites(10, certification="Suspended"), Said.SHORT),
        (sites(10), sites(10, alarm_addresses=()), Said.SHORT),
        (sites(10), sites(10, contacts=()), Said.SHORT),
        (sites(10, alarm_addresses=()), sites(10), Said.OK),
    ],
)
def test_sites(kept: Answer, answer: Answer, word: Said) -> None:
    assert said(kept, answer, "sites") is word


def test_all_names_changed_at_once_is_a_shrinkage_too() -> None:
    other = Answer(sites=tuple(Site(f"T{n}") for n in range(10)))
    assert said(sites(10), other, "sites") is Said.SHORT


def test_rocs_that_lose_their_addresses_are_a_shrinkage() -> None:
    rocs = tuple(Roc(f"R{n}", ("a@x.example",)) for n in range(5))
    kept, answer = Answer(rocs=rocs), Answer(rocs=tuple(replace(roc, addresses=()) for roc in rocs))
    assert said(kept, answer, "ROCs") is Said.SHORT


def test_all_alarmers_of_a_vo_gone_is_short_however_many_people_are_left() -> None:
    kept = people(ALARM, *[TEAM] * 20)
    judgement = judge(kept, people(*[TEAM] * 21), NOW, expected=("people",), max_shrink=0.3)
    assert judgement.said is Said.SHORT
    assert "nobody of atlas has the role alarm" in judgement.detail


def test_suspending_all_alarmers_is_short_too() -> None:
    kept = people(ALARM, TEAM)
    gone = Answer(members=(replace(kept.members[0], suspended=True), kept.members[1]))
    assert said(kept, gone, "people") is Said.SHORT


def test_a_vo_of_several_that_loses_its_alarmers_is_short() -> None:
    cms = people(ALARM, vo="cms").members
    kept = Answer(members=(*people(ALARM, ALARM).members, *cms))
    answer = Answer(members=(*people(ALARM, ALARM).members, replace(cms[0], roles=TEAM)))
    assert said(kept, answer, "people") is Said.SHORT


def test_one_alarmer_of_several_may_leave() -> None:
    assert said(people(ALARM, ALARM, ALARM), people(ALARM, ALARM), "people") is Said.OK


def test_a_person_may_accept_a_shrinkage_but_never_an_empty_list() -> None:
    assert said(sites(10), sites(1), "sites", accept=True) is Said.OK
    assert said(sites(10), Answer(), "sites", accept=True) is Said.EMPTY


def test_one_empty_list_of_several_is_empty() -> None:
    roc = (Roc("R", ("a@x.example",)),)
    kept, answer = replace(sites(5), rocs=roc), sites(5)
    assert said(kept, answer, "sites", "ROCs") is Said.EMPTY
    assert said(kept, answer, "sites") is Said.EMPTY, "it was there, so it is missed"


def test_no_downtimes_is_a_good_answer() -> None:
    assert said(Answer(), Answer()) is Said.OK


def test_each_trouble_is_told_once_and_its_end_once() -> None:
    told: tuple[Said, ...] = ()
    story = []
    for word in (Said.OK, Said.EMPTY, Said.EMPTY, Said.BROKEN, Said.EMPTY, Said.OK, Said.OK):
        telling = tell("goc", judge_of(word), told, "2026-03-02 12:00 UTC")
        told = telling.told
        story.append(telling.text.split("\n")[0])
    assert story == [
        "", "Directory goc: empty", "", "Directory goc: broken", "",
        "Directory goc: all is well again", "",
    ]  # fmt: skip


def test_a_notice_says_what_stays_and_what_to_do() -> None:
    text = tell("goc", judge_of(Said.SHORT, "4 of 9 sites are missing"), (), "yesterday").text
    assert "4 of 9 sites are missing." in text
    assert "The copy of yesterday stays in use." in text
    assert "ticketgate sync goc --accept" in text
    assert "no earlier copy" in tell("goc", judge_of(Said.NULL), (), "").text


def judge_of(said: Said, detail: str = "why") -> Judgement:
    return Judgement(said, detail)


def with_rights(amount: int, **more: object) -> Answer:
    every = people(*[ALARM | TEAM] * amount).members
    named = {"addresses": ("a@x.example",), "certificates": ("/DC=org/CN=a",)} | more
    return Answer(members=tuple(replace(one, **named) for one in every))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ({"until": datetime(1970, 1, 20, tzinfo=UTC)}, "nobody of atlas has the role alarm"),
        ({"addresses": ()}, "10 of 10 people with an address are missing"),
        ({"certificates": ()}, "10 of 10 people with a certificate are missing"),
    ],
    ids=["ended in 1970", "no addresses", "no certificates"],
)
def test_people_who_are_listed_and_can_prove_nothing_are_a_shrinkage(
    lost: dict[str, object], why: str
) -> None:
    judgement = judge(
        with_rights(10), with_rights(10, **lost), NOW, expected=("people",), max_shrink=0.3
    )
    assert judgement.said is Said.SHORT
    assert why in judgement.detail


def test_memberships_that_end_by_themselves_are_not_missed() -> None:
    ended = with_rights(10, until=NOW)
    assert said(ended, ended, "people") is Said.OK


def test_a_group_that_loses_most_of_its_people_is_short_though_they_are_in_another() -> None:
    left = [ALARM | TEAM] * 3 + [TEAM] * 7
    assert said(people(*[ALARM | TEAM] * 10), people(*left), "people") is Said.SHORT


def test_a_shift_that_changes_all_its_people_is_no_shrinkage() -> None:
    before, after = [TEAM] * 5 + [frozenset()] * 5, [frozenset()] * 5 + [TEAM] * 5
    kept, answer = people(*before, *[ALARM] * 20), people(*after, *[ALARM] * 20)
    assert said(kept, answer, "people") is Said.OK


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ({"tier": None, "roc": "R"}, "10 of 10 sites of tier 0 and 1 are missing"),
        ({"tier": 1, "roc": ""}, "10 of 10 ROCs of sites are missing"),
    ],
    ids=["tiers", "rocs"],
)
def test_sites_that_lose_what_routes_to_them_are_a_shrinkage(
    lost: dict[str, object], why: str
) -> None:
    kept, answer = sites(10, tier=1, roc="R"), sites(10, **lost)
    judgement = judge(kept, answer, NOW, expected=("sites",), max_shrink=0.3)
    assert (judgement.said, judgement.detail) == (Said.SHORT, why)
