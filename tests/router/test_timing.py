"""When the next step of a ticket falls due, by hand-written times in a week of 09:00-17:00 UTC."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.calendars import Calendar, Calendars
from router.limits import LEVELS, Colour, LimitTable
from router.ticket import TicketKind
from router.timing import colour
from router.words import FINAL, Measure, Priority, Reason, Status
from tests.router.lives import HOURS, RULES, Life, at, with_solution
from tests.router.weeks import NIGHT, OFFICE

HOUR = timedelta(hours=1)
SOLVE_IN_8 = with_solution(dict.fromkeys(Priority, 8 * HOUR))


@pytest.mark.parametrize(
    ("priority", "due"),
    [
        (Priority.LESS_URGENT, "03-05 15:00"),  # 75 % of 40 hours
        (Priority.URGENT, "03-05 15:00"),
        (Priority.VERY_URGENT, "03-05 09:00"),  # 24 of 32: the end of Wednesday is not worked
        (Priority.TOP, "03-04 11:00"),  # 18 of 24
    ],
)
def test_the_first_step_is_at_three_quarters_of_the_response(priority: Priority, due: str) -> None:
    life = Life()
    life.turn(priority=priority)
    assert life.due == due


def test_nothing_is_due_outside_the_hours_of_who_is_told() -> None:
    life = Life()
    life.tick("03-05 15:00")
    assert life.due == "03-09 09:00", "40 hours end on Friday at 17:00"


def test_each_process_goes_its_way_step_by_step_and_ends() -> None:
    life = Life()
    seen = []
    while life.due != "never":
        seen.append((life.due, life.tick(life.due)))
    unit, desk = ["reminder -> ngi@roc.example"], ["reminder -> tpm@firstline.example"]
    assert seen == [
        ("03-05 15:00", unit),
        ("03-09 09:00", unit),
        ("03-16 09:00", unit),
        ("03-30 09:00", desk),
    ]


def test_a_waiting_submitter_is_reminded_twice_and_then_a_person_looks() -> None:
    life = Life()
    life.turn("03-03 14:00", status=Status.WAITING)
    seen = []
    while life.due != "never":
        seen.append((life.due, life.tick(life.due)))
    submitter = ["reminder -> anne@physics.example"]
    assert seen == [
        ("03-10 14:00", submitter),
        ("03-17 14:00", submitter),
        ("03-24 14:00", ["reminder -> tpm@firstline.example"]),
    ]
    assert life.ticket.status is Status.WAITING, "no clock ends what nobody has looked at"


@pytest.mark.parametrize("status", [Status.SOLVED, Status.UNSOLVED])
def test_an_ended_ticket_is_closed_after_ten_working_days(status: Status) -> None:
    life = Life()
    life.turn("03-06 16:00", status=status)
    assert life.due == "03-20 16:00"
    assert life.tick("03-20 15:59") == []
    assert life.tick("03-20 16:00") == [], "the mail about the solution has announced it"
    assert life.ticket.status is Status.CLOSED
    assert life.events[-1].reasons == (Reason.NOT_VERIFIED,)
    assert life.due == "never"


@pytest.mark.parametrize("status", [*sorted(FINAL), Status.ON_HOLD])
def test_nothing_comes_after_the_end_or_on_hold(status: Status) -> None:
    life = Life()
    life.turn(status=status)
    assert life.due == "never"


def test_being_given_to_a_person_is_no_answer_and_changes_no_clock() -> None:
    life = Life()
    life.turn(status=Status.NEW)
    life.tick("03-05 15:00")
    before = life.ticket.timing
    assert before is not None
    after = life.turn("03-06 10:00", status=Status.ASSIGNED, assigned_to="rosa@roc.example")
    assert after == replace(before, status=Status.ASSIGNED)


@pytest.mark.parametrize(
    ("changed", "due"),
    [
        ({"support_unit": "TPM"}, "03-11 14:00"),
        ({"status": Status.REOPENED}, "03-11 14:00"),
        ({"support_unit": "VOSupport", "status": Status.NEW}, "03-11 14:00"),
    ],
)
def test_another_unit_and_being_opened_again_begin_anew(
    changed: dict[str, object], due: str
) -> None:
    life = Life()
    life.tick("03-05 15:00")
    timing = life.turn("03-05 16:00", **changed)
    assert timing is not None
    assert (timing.steps, timing.unit_since, life.due) == (0, at("03-05 16:00"), due)


def test_coming_back_untaken_begins_the_response_anew_but_not_the_way_to_the_solution() -> None:
    life = Life(SOLVE_IN_8)
    life.turn("03-02 13:00", status=Status.IN_PROGRESS)
    life.turn("03-10 09:00", status=Status.ASSIGNED)
    assert life.due == "03-13 15:00", "three quarters of 40 hours from then"
    life.turn("03-10 10:00", status=Status.IN_PROGRESS)
    assert life.due == "03-10 16:00", "6 of 8 hours from when it was taken again"
    life.turn("03-10 12:00", status=Status.SOLVED)
    solution = life.periods[-1]
    assert (solution.measure, solution.started_at) == (Measure.SOLUTION, at("03-02 09:00"))
    assert solution.working == (6 * 8 + 3) * HOUR


def test_waiting_does_not_count_and_a_step_is_not_done_again_after_it() -> None:
    life = Life(SOLVE_IN_8)
    life.turn(status=Status.IN_PROGRESS)
    assert life.tick("03-02 15:00") == ["reminder -> ngi@roc.example"], "6 of 8 hours"
    life.turn("03-02 16:00", status=Status.WAITING)
    life.turn("03-05 16:00", status=Status.IN_PROGRESS)
    timing = life.ticket.timing
    assert timing is not None
    assert timing.waited == 24 * HOUR
    assert (timing.steps, life.due) == (1, "03-06 09:00"), "one hour is left"


def test_waiting_before_it_was_taken_again_is_not_counted_for_the_new_limit() -> None:
    life = Life(SOLVE_IN_8)
    life.turn(status=Status.WAITING)
    life.turn("03-03 09:00", status=Status.IN_PROGRESS)
    life.turn("03-03 10:00", status=Status.ASSIGNED)
    life.turn("03-04 09:00", status=Status.IN_PROGRESS)
    assert life.due == "03-04 15:00"
    assert colour(life.ticket, life.policy, at("03-04 15:00")) is Colour.AMBER


def test_the_colour_stands_while_the_submitter_is_waited_for() -> None:
    life = Life(SOLVE_IN_8)
    life.turn(status=Status.IN_PROGRESS)
    life.turn("03-02 13:00", status=Status.WAITING)
    assert colour(life.ticket, life.policy, at("03-20 13:00")) is Colour.YELLOW


def test_time_on_hold_counts_and_what_passed_meanwhile_is_not_told() -> None:
    life = Life(SOLVE_IN_8)
    life.turn(status=Status.IN_PROGRESS)
    life.turn("03-02 10:00", status=Status.ON_HOLD)
    assert life.due == "never"
    life.turn("03-10 10:00", status=Status.IN_PROGRESS)
    assert life.due == "03-24 10:00", "both shares are behind: first line, ten days from now"


def test_another_priority_moves_the_step_and_does_none_twice() -> None:
    life = Life()
    life.tick("03-05 15:00")
    life.turn("03-05 15:30", priority=Priority.TOP)
    assert life.due == "03-05 09:00", "all of 24 hours have passed"
    assert len(life.tick("03-05 15:31")) == 1
    life.turn("03-05 15:32", priority=Priority.LESS_URGENT)
    assert life.due == "03-12 15:31", "five working days after the step that was done late"


def test_what_is_held_has_no_clock_and_begins_when_it_is_let_go() -> None:
    life = Life()
    assert life.turn(held=Reason.UNPROVEN) is None
    timing = life.turn("03-10 09:00", held=None)
    assert timing is not None
    assert (timing.unit_since, life.due) == (at("03-10 09:00"), "03-13 15:00")
    assert life.periods == []


def test_what_is_discarded_is_closed_in_its_time_and_measures_nothing() -> None:
    life = Life()
    life.turn(held=Reason.UNPROVEN)
    life.turn("03-03 09:00", held=None, status=Status.UNSOLVED)
    assert (life.due, life.periods) == ("03-17 09:00", [])


def test_becoming_an_alarm_keeps_the_clock_of_its_status() -> None:
    life = Life()
    before = life.ticket.timing
    assert life.turn("03-03 09:00", kind=TicketKind.ALARM) == before


def test_each_unit_works_by_its_own_calendar_and_submitters_by_ours() -> None:
    night = Calendar(ZoneInfo("Europe/Berlin"), NIGHT, frozenset({date(2026, 3, 4)}))
    life = Life(replace(RULES, calendars=Calendars(HOURS, {"ngi_de": night})))
    assert life.due == "03-07 03:00", "30 hours: the nights from Monday to Friday but Wednesday's"
    life.turn(status=Status.WAITING)
    assert life.due == "03-09 09:00"


def test_a_unit_that_left_the_configuration_works_by_our_hours_and_limits() -> None:
    rules = replace(RULES, limits=LimitTable(by_unit={"ngi_de": LEVELS["advanced"]}))
    life = Life(rules)
    assert life.due == "03-02 15:00"
    life.policy = RULES
    life.turn()
    assert life.due == "03-05 15:00"


def test_a_holiday_that_is_added_moves_what_is_to_come() -> None:
    life = Life()
    hours = Calendar(HOURS.zone, OFFICE, frozenset({date(2026, 3, 3)}))
    life.policy = replace(RULES, calendars=Calendars(hours))
    assert life.tick("03-05 15:00") == [], "it is not its time any more"
    assert life.due == "03-06 15:00"


def test_the_response_and_the_solution_are_measured_with_the_first_priority() -> None:
    life = Life(with_solution({Priority.URGENT: 8 * HOUR, Priority.TOP: HOUR / 2}))
    life.turn(priority=Priority.TOP)
    life.turn("03-06 17:00", status=Status.IN_PROGRESS)
    life.turn("03-09 10:00", status=Status.WAITING)
    life.turn("03-09 16:00", status=Status.SOLVED)
    life.turn("03-10 09:00", status=Status.REOPENED)
    found = [(p.measure, p.working, p.waited, p.late) for p in life.periods]
    assert found == [
        (Measure.RESPONSE, 40 * HOUR, 0 * HOUR, False),
        (Measure.SOLUTION, 41 * HOUR, 6 * HOUR, False),
        (Measure.REOPENING, 0 * HOUR, 0 * HOUR, False),
    ]


def test_the_colour_follows_the_limit_of_the_status() -> None:
    life = Life(SOLVE_IN_8)
    assert colour(life.ticket, life.policy, at("03-04 13:00")) is Colour.YELLOW
    life.turn("03-06 17:00", status=Status.IN_PROGRESS)
    assert colour(life.ticket, life.policy, at("03-06 17:00")) is Colour.GREEN
    assert colour(life.ticket, life.policy, at("03-09 15:00")) is Colour.AMBER
