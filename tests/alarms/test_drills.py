"""Drills and the daily sign of life: who may, who is woken, what the reports say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from stage import Said, Stage

from gateway.drills import as_csv, cells, report_of
from parsers.errors import Refused
from router.decision import Command, Due
from router.heartbeat import STEP
from store.alarm_listing import DrillRow, alarms, drills

WORLD = Path(__file__).parents[1] / "worlds" / "proven.toml"
START = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def stage(place: Path, store_url: str) -> Stage:
    return Stage(place, WORLD, START, store_url)


def raised(stage: Stage, site: str, by: str = "anna@cern.example", vo: str = "atlas") -> int:
    command = Command("drill", 0, by, site=site, vo=vo, drill="march")
    return stage.desk.do(command)[0]


def answer(stage: Stage, address: str, event: str, more: str = "") -> dict[str, object]:
    """Answer the newest alarm mail to `address`."""
    text = (
        f"From: hook@site.example\nTo: reply+{{{{token {address}}}}}@helpdesk.example\n"
        f"Subject: Re: alarm\nMessage-ID: <{event}.{stage.now:%H%M%S}@site.example>\n"
        f"Auto-Submitted: auto-replied\n\nEvent: {event}\n{more}"
    )
    filled = stage.fill(text)
    to = filled.split("To: ", 1)[1].split("\n", 1)[0]
    raw = filled.replace("\n", "\r\n").encode()
    number = stage.keep(raw, stage.envelope(raw, [to], "hook@site.example", "192.0.2.7"))
    stage.work()
    return stage.mail(number)


def pages(said: list[Said]) -> list[Said]:
    return [one for one in said if one.kind == "alarm"]


def test_an_exercise_pages_like_an_alarm_and_says_that_it_is_one(stage: Stage) -> None:
    raised(stage, "FZK-LCG2")
    (page,) = pages(stage.said())
    assert page.recipient == "alarm@fzk.example"
    assert b"\r\nSubject: [ALARM 100001] EXERCISE FIRING CRITICAL FZK-LCG2 atlas:" in page.mail
    assert b'"mode": "exercise"' in page.mail
    assert not alarms(stage.store, over=True), "a drill is not listed among the alarms"
    assert drills(stage.store) == [DrillRow("march", START, 1, 0, 0)]


@pytest.mark.parametrize(
    ("site", "by", "vo", "why"),
    [
        ("FZK-LCG2", "tom@cern.example", "atlas", "no alarmer"),
        ("FZK-LCG2", "anna@cern.example", "cms", "no alarmer"),
        ("FZK-LCG2", "stranger@else.example", "atlas", "no alarmer"),
        ("NL-T1", "anna@cern.example", "atlas", "one certified site"),
        ("OLD-SITE-01", "anna@cern.example", "atlas", "one certified site"),
        ("nowhere", "anna@cern.example", "atlas", "one certified site"),
        ("SARA-MATRIX", "anna@cern.example", "atlas", "takes no alarms"),
    ],
)
def test_a_drill_is_refused_like_an_alarm_of_that_person(
    stage: Stage, site: str, by: str, vo: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        raised(stage, site, by, vo)
    assert not stage.said()


def test_the_report_says_how_each_site_did(stage: Stage) -> None:
    raised(stage, "FZK-LCG2")
    raised(stage, "pic")
    stage.said()
    stage.now += timedelta(seconds=65)
    answer(stage, "alarm@fzk.example", "receipt")
    stage.now += timedelta(minutes=4)
    answer(stage, "alarm@fzk.example", "ack", "By: =HYPERLINK(1)\n")
    for row in alarms(stage.store, drill="march", over=True):
        stage.now = START + timedelta(hours=1)
        stage.desk.do(Command("end-drill", row.ticket, "operator"))
    report = report_of("march", alarms(stage.store, drill="march", over=True))
    assert report is not None
    assert [cells(row) for row in report.rows] == [
        ("FZK-LCG2", "100001", "1 min 05 s", "5 min 05 s", "=HYPERLINK(1) at FZK-LCG2",
         "60 min 00 s", "0"),
        ("pic", "100002", "never", "never", "", "60 min 00 s", "0"),
    ]  # fmt: skip
    assert report.silent == ("pic",)
    lines = as_csv(report).splitlines()
    assert lines[1] == (
        "march,FZK-LCG2,100001,2026-03-02T10:00:00+00:00,65,305,'=HYPERLINK(1) at FZK-LCG2,3600,0"
    )
    assert lines[2] == "march,pic,100002,2026-03-02T10:00:00+00:00,,,,3600,0"


def test_an_exercise_that_is_closed_tells_the_sites_monitoring_and_ends_the_steps(
    stage: Stage,
) -> None:
    number = raised(stage, "FZK-LCG2")
    stage.said()
    stage.desk.do(Command("end-drill", number, "operator"))
    (page,) = pages(stage.said())
    assert b"EXERCISE RESOLVED" in page.mail
    assert b'"event": "resolve"' in page.mail
    stage.now += timedelta(hours=5)
    stage.tick()
    assert not stage.said()
    stage.desk.do(Command("end-drill", number, "operator"))
    assert not stage.said(), "closed once"


def test_only_an_exercise_can_be_closed_as_one(stage: Stage) -> None:
    with pytest.raises(Refused, match="no exercise"):
        stage.desk.do(Command("end-drill", 100001, "operator"))


def beat(stage: Stage, detail: str = "") -> list[Said]:
    """Let the daily step happen, by default as one that follows that of the day before."""
    before = (stage.now - timedelta(days=1)).isoformat()
    stage.desk.do(Due(STEP, detail=detail or before))
    return stage.said()


def test_only_a_site_whose_hook_was_heard_gets_a_sign_of_life(stage: Stage) -> None:
    assert beat(stage, "first") == []
    raised(stage, "FZK-LCG2")
    stage.said()
    answer(stage, "alarm@fzk.example", "receipt")
    (page,) = beat(stage)
    assert page.recipient == "alarm@fzk.example"
    assert b'"event": "heartbeat"' in page.mail
    assert b'"alarm_id": "helpdesk.example/heartbeat"' in page.mail


def test_a_person_who_answers_does_not_make_a_site_one_with_a_hook(stage: Stage) -> None:
    raised(stage, "FZK-LCG2")
    stage.said()
    answer(stage, "alarm@fzk.example", "ack")
    stage.said()
    assert beat(stage) == []


def test_a_hook_that_no_longer_answers_is_told_to_the_operator_each_day(stage: Stage) -> None:
    raised(stage, "FZK-LCG2")
    stage.said()
    answer(stage, "alarm@fzk.example", "receipt")
    stage.said()
    for day in (1, 2):
        stage.now = START + timedelta(days=day, minutes=5)
        sent = beat(stage, "first" if day == 1 else "")
        assert [str(one) for one in sent] == ["alarm -> alarm@fzk.example"]
        row = answer(stage, "alarm@fzk.example", "receipt")
        assert (row["outcome"], stage.said()) == ("answer", [])
    for day in (3, 4):
        stage.now = START + timedelta(days=day, minutes=5)
        kinds = [one.kind for one in beat(stage)]
        assert kinds == (["alarm"] if day == 3 else ["alarm", "operator-notice"])


def test_the_chain_of_signs_of_life_goes_on_by_itself(stage: Stage) -> None:
    beat(stage, "first")
    stage.now += timedelta(days=1)
    stage.tick()
    stage.now += timedelta(days=1)
    raised(stage, "FZK-LCG2")
    stage.said()
    answer(stage, "alarm@fzk.example", "receipt")
    stage.tick()
    assert [one.kind for one in stage.said()] == ["alarm"]
