"""Whatever is written by whomever, in any order: what has to hold of every decision holds."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.block import KEYS
from router.decision import Clue
from router.tokens import TokenClass
from router.words import Reason
from tests.router.any_sequence import NUMBERS, Desk
from tests.router.replies import (
    ALARMER,
    FIRST_LINE,
    LIST,
    OTHER,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    by,
)
from tests.router.test_relations import JOE
from tests.router.test_relations_properties import holds_together

WHO = (
    SUBMITTER, JOE, SUPPORTER, FIRST_LINE, TEAM, ALARMER, STRANGER, OTHER, LIST, SITE,
    "cecil@cern.example", "support@helpdesk.example",
)  # fmt: skip
EACH = tuple(f"#{number}" for number in NUMBERS)
STATUS = (
    "solved",
    "unsolved",
    "reopened",
    "verified",
    "on hold",
    "in progress",
    "waiting for reply",
)
VALUES = (
    *STATUS, *EACH, "#99", "#7, #12, #13", "yes", "no", "", "none", "me", "nobody", "closed",
    "alarm", "VOSupport", "NGI_IT", "INFN-T1", "TPM", "FZK-LCG2", "cms", "urgent", "top priority",
    "Test", "2026-03-09", "on every change", "nonsense", "helpdesk.example",
    "support@helpdesk.example", "victim@x.example", "-victim@x.example",
    SUBMITTER, f"-{JOE}", SUPPORTER, "A" * 300,
)  # fmt: skip
FITTING = {
    "status": STATUS,
    **dict.fromkeys(("master", "parent", "duplicate of", "merge into", "unlink"), EACH),
    "convert": ("alarm",), "verify": ("yes",), "reopen": ("yes",), "internal": ("yes",),
}  # fmt: skip
LINE = st.one_of(
    st.sampled_from(sorted(FITTING)).flatmap(
        lambda key: st.tuples(st.just(key), st.sampled_from(FITTING[key]))
    ),
    st.tuples(st.sampled_from(sorted(KEYS)), st.sampled_from(VALUES)),
)
HEADS = (
    "",
    "",
    "",
    "Precedence: bulk\r\n",
    f"Cc: friend@y.example, {JOE}\r\n",
    "Auto-Submitted: auto-replied\r\n",
)
ANYTHING = st.tuples(
    st.sampled_from(NUMBERS),
    st.sampled_from(WHO),
    st.lists(LINE, max_size=4),
    st.sampled_from(HEADS),
    st.sampled_from(("proven", "proven", "proven", "nothing")),
    st.sampled_from(("person", "person", "person", "foreign", "site")),
    st.sampled_from((0, 0, 0, 0, 1, 20)),
)


def steps_of(pair: tuple[int, int]) -> st.SearchStrategy[list[tuple[object, ...]]]:
    """Return anything, and among it what may well be followed: chance alone seldom gets far."""
    one, other = pair
    below = st.tuples(
        st.just(one), st.just(SUPPORTER), st.sampled_from(("master", "parent", "merge into")),
        st.just(f"#{other}"),
    )  # fmt: skip
    turned = st.tuples(
        st.sampled_from(pair), st.sampled_from((SUPPORTER, ALARMER, JOE)), st.just("status"),
        st.sampled_from(("solved", "reopened", "in progress")),
    )  # fmt: skip
    raised = st.tuples(st.just(one), st.just(ALARMER), st.just("convert"), st.just("alarm"))
    fits = st.one_of(below, turned, raised).map(
        lambda said: (said[0], said[1], [said[2:]], "", "proven", "person", 0)
    )
    return st.lists(st.one_of(ANYTHING, fits, fits), max_size=14)


PAIRS = st.sampled_from(((12, 7), (13, 12), (7, 13), (14, 12)))


def clue_of(how: str, number: int, desk: Desk) -> Clue:
    row = next((p.row for p in desk.tickets[number].participants if p.role == "alarm"), 2)
    if how == "foreign":
        return Clue(Reason.THREAD_FOREIGN_ID, message_id="<1@physics.example>")
    kind = TokenClass.SITE if how == "site" else TokenClass.PERSON
    return Clue(
        Reason.THREAD_TOKEN, number, token_class=kind, token_row=row if how == "site" else 2
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PAIRS.flatmap(steps_of))
def test_what_holds_always_holds(steps: Sequence[tuple[object, ...]]) -> None:
    desk = Desk()
    for at, (number, who, lines, head, known, how, days) in enumerate(steps):
        desk.now += timedelta(days=days)
        desk.tick()
        secret = any(key == "internal" and value != "no" for key, value in lines)
        text = f"{'SECRET' if secret else 'Text'} {at}."
        bound = [("alarm", "helpdesk.example")] if ("convert", "alarm") in lines else []
        said = "".join(f"{key}: {value}\n" for key, value in (*lines, *bound)) + f"\n{text}"
        mail = by(who, said, None if known == "proven" else (), head)
        made = desk.mail(number, mail, clue_of(how, number, desk))
        kept = [event.text for one in made for event in one.events]
        assert any(text in one for one in kept) or not any(one.ticket for one in made)
        holds_together(desk.tickets)
