"""Whatever happens to a ticket, in whatever order, with clocks that jump: each step once (I6)."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from router.timers import PROCESS_OF
from router.words import FINAL, EventKind, Priority, Status
from tests.router.lives import MONDAY, RULES, Life, with_solution

SOLVABLE = with_solution(dict.fromkeys(Priority, timedelta(hours=8)))
SHORT = with_solution(dict.fromkeys(Priority, timedelta(hours=2)))
NO_LIMITS = with_solution({})
OPEN = [one for one in Status if one not in FINAL]
STEPS = frozenset({EventKind.REMINDED, EventKind.CLOSED})

happenings = st.one_of(
    st.tuples(st.just("status"), st.sampled_from(OPEN)),
    st.tuples(st.just("priority"), st.sampled_from(list(Priority))),
    st.tuples(st.just("support_unit"), st.sampled_from(["NGI_DE", "TPM", "Gone"])),
    st.tuples(st.just("policy"), st.sampled_from([RULES, SOLVABLE, SHORT, NO_LIMITS])),
    st.tuples(st.just("tick"), st.integers(1, 4)),
    st.tuples(st.just("end"), st.sampled_from(sorted(FINAL))),
)
lives = st.lists(st.tuples(st.integers(-60, 60 * 24 * 20), happenings), max_size=40)


def ticked(life: Life, times: int, seen: set[tuple[object, ...]]) -> None:
    """Tick, also by a daemon that has just started, and note each step by process and number."""
    for _ in range(times):
        before = life.ticket.timing
        events = len(life.events)
        life.tick()
        steps = [one for one in life.events[events:] if one.kind in STEPS]
        if not steps:
            continue
        after = life.ticket.timing
        assert before is not None
        assert after is not None
        assert len(steps) == 1, "one step in one tick"
        assert before.status not in FINAL
        assert life.now >= (before.due_at or life.now)
        if after.status is Status.CLOSED:
            assert before.status in {Status.SOLVED, Status.UNSOLVED}
            seen.add((before.unit_since, before.status_since, before.status, "closed"))
            continue
        assert after.status_since == before.status_since
        assert after.steps > before.steps, "steps increase"
        done = range(before.steps, after.steps)
        new = {(before.unit_since, before.status_since, PROCESS_OF[before.status], n) for n in done}
        assert not new & seen, "no step twice"
        seen |= new


@settings(max_examples=300, deadline=None)
@given(lives)
def test_each_step_of_a_process_happens_once_and_none_after_the_end(
    story: list[tuple[int, tuple[str, object]]],
) -> None:
    life, seen = Life(SOLVABLE), set[tuple[object, ...]]()
    for minutes, (what, value) in story:
        life.now += timedelta(minutes=minutes)  # the clock of a machine may also go back
        if what == "tick":
            assert isinstance(value, int)
            ticked(life, value, seen)
        elif what == "policy":
            life.policy = value  # type: ignore[assignment] # one of the four
        elif life.ticket.status in FINAL:
            continue
        else:
            life.turn(**{"status" if what == "end" else what: value})
    for _ in range(20):  # and then for ever
        life.now += timedelta(days=40)
        ticked(life, 2, seen)
        due = life.ticket.timing.due_at if life.ticket.timing else None
        if due is not None:  # outside of somebody's hours nothing is done
            life.now = max(due, life.now)
            ticked(life, 1, seen)
    timing = life.ticket.timing
    assert timing is not None
    assert timing.due_at is None, "every process ends"


@settings(deadline=None)
@given(st.integers(0, 60 * 24 * 90), st.sampled_from(OPEN))
def test_however_late_the_first_look_is_everybody_has_his_own_time(
    minutes: int, status: Status
) -> None:
    life = Life(SOLVABLE)
    life.turn(status=status)
    life.now = MONDAY + timedelta(minutes=minutes)
    told = [mails for _ in range(6) if (mails := life.tick())]
    assert len(told) <= 1, "one mail now; who comes next is not told at the same moment"
