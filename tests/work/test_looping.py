"""Too many mails with the real store: whose mails are counted together, and for how long."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from acting import PROVEN, Acting
from acting import WORLD as PROVEN_WORLD
from sqlalchemy import update
from stage import Stage

from store.counts import MOST_ENTRIES
from store.tables import ticket
from tests.work.mails import NOW

ANNE, TINA, TPM = "anne@physics.example", "Tina <tina@firstline.example>", "tpm@firstline.example"
TPM_REPLIES = f"reply+{{{{token {TPM}}}}}@helpdesk.example"
FEW, MANY = 2, 5
TOO_MANY = "more mails in a short time than are followed of one person"
LOOP = "too many mails in a short time, probably a loop"
SAME = "the same words too often in a short time, probably a loop"
FOLLOWED = [f"update -> {TPM}", f"update -> {ANNE}"]
NOTICE, ANSWER = (
    "operator-notice -> operator@helpdesk.example",
    "too-many -> tina@firstline.example",
)


@pytest.fixture
def acting(place: Path, store_url: str) -> Iterator[Acting]:
    """A ticket of Anne's at first line; a third mail is a loop, a sixth of one person too many."""
    stage = Stage(place, PROVEN_WORLD, NOW, store_url)
    policy = replace(stage.desk.policy, loop_mails=FEW, loop_mails_proven=MANY)
    stage.desk = replace(stage.desk, policy=policy)
    stage.worker.desk = stage.desk
    acting = Acting(stage)
    acting.mail("support@helpdesk.example", ANNE, "Jobs fail.", proofs=PROVEN)
    stage.said()
    yield acting
    stage.close()


def writes(acting: Acting, by: str, text: str = "", **how: object) -> tuple[list[str], list[str]]:
    """Answer the ticket by first line's address; return why it is as it is, and what went out."""
    row = acting.mail(TPM_REPLIES, by, text or f"Words {acting.mails}.", **how)  # type: ignore[arg-type] # as `Acting.mail` takes them
    return row["reasons"], acting.said()  # type: ignore[return-value] # a list in the store


def test_a_person_is_told_once_in_the_window_and_followed_after_it(acting: Acting) -> None:
    said = [writes(acting, TINA, proofs=PROVEN) for _ in range(MANY + 2)]
    assert [out for _, out in said] == [FOLLOWED] * MANY + [[NOTICE, ANSWER], []]
    assert [TOO_MANY in reasons for reasons, _ in said] == [False] * MANY + [True] * 2
    kept = [entry.text.strip() for entry in acting.history()]
    assert kept == ["Jobs fail.", *(f"Words {n}." for n in range(1, MANY + 3))]
    acting.stage.now += timedelta(minutes=11)
    again = [writes(acting, TINA, proofs=PROVEN)[1] for _ in range(MANY + 2)]
    assert again == [FOLLOWED] * MANY + [[NOTICE, ANSWER], []]


def test_lines_that_are_not_followed_change_nothing(acting: Acting) -> None:
    for _ in range(MANY):
        writes(acting, TINA, proofs=PROVEN)
    writes(acting, TINA, "Priority: top priority\n\nNow!", proofs=PROVEN)
    assert acting.ticket().priority == "less urgent"
    acting.stage.now += timedelta(minutes=11)
    writes(acting, TINA, "Priority: top priority\n\nNow!", proofs=PROVEN)
    assert acting.ticket().priority == "top priority"


def by_reply_address(acting: Acting) -> None:
    writes(acting, TINA)


def by_her_own_reply_address(acting: Acting) -> None:
    """Write by an address that was given to her, so that her name alone is shown."""
    acting.mail(f"reply+{{{{token {TINA[6:-1]}}}}}@helpdesk.example", TINA, f"Bad {acting.mails}.")


def by_reference(acting: Acting) -> None:
    acting.mail("support@helpdesk.example", TINA, "Bad.", more="In-Reply-To: <1@else.example>\n")


def by_a_proven_name(acting: Acting) -> None:
    """Write as oneself, under a name that reads like a mail of hers by a reply address."""
    name = f"{TINA}, by the reply address of x@y.example,"
    writes(acting, f'"{name}" <carl@elsewhere.example>', proofs=PROVEN)


@pytest.mark.parametrize(
    "forge", [by_reply_address, by_her_own_reply_address, by_reference, by_a_proven_name]
)
def test_nobody_uses_up_what_a_proven_person_may_write(acting: Acting, forge: object) -> None:
    involved = "Involve: tina@firstline.example\n\nMe, too."
    acting.mail(TPM_REPLIES, "rosa@roc.example", involved, proofs=PROVEN)
    for _ in range(MANY + 1):
        forge(acting)  # type: ignore[operator] # one of the functions above
    acting.stage.said()
    said = [writes(acting, TINA, proofs=PROVEN)[0] for _ in range(MANY)]
    assert [TOO_MANY in reasons or LOOP in reasons for reasons in said] == [False] * MANY


@pytest.mark.parametrize("known", [PROVEN, ()], ids=["proven", "by reply address"])
def test_another_name_before_the_address_is_no_other_sender(
    acting: Acting, known: tuple[dict[str, str], ...]
) -> None:
    names = ("Tina", "tina@firstline.example", "T.", "First line", "Tina A.", "TINA", "T!")
    said = [
        writes(
            acting, f"{name} <tina@firstline.example>" if "@" not in name else name, proofs=known
        )
        for name in names
    ]
    most = MANY if known else FEW
    too_many = [bool({TOO_MANY, LOOP} & set(reasons)) for reasons, _ in said]
    assert too_many == [False] * most + [True] * (len(names) - most)


def test_what_a_person_proves_is_not_counted_to_who_holds_the_reply_address(
    acting: Acting,
) -> None:
    for _ in range(MANY):
        writes(acting, TINA, proofs=PROVEN)
    said = [writes(acting, TINA) for _ in range(FEW + 2)]
    assert [LOOP in reasons for reasons, _ in said] == [False] * FEW + [True] * 2
    assert [out for _, out in said[FEW:]] == [[NOTICE], []]


def test_the_same_words_are_few_for_a_proven_person_too(acting: Acting) -> None:
    same = ("It is down.", "IT IS\n down.", "It is down.", "It  is down.")
    said = []
    for text in same:
        said += [writes(acting, TINA, text, proofs=PROVEN)]
    assert [SAME in reasons for reasons, _ in said] == [False] * FEW + [True] * 2
    assert [out for _, out in said[FEW:]] == [[NOTICE, ANSWER], []]
    reasons, out = writes(acting, TINA, "It is up again.", proofs=PROVEN)
    assert (SAME in reasons, out) == (False, FOLLOWED)


def test_a_notice_about_the_alarm_itself_is_not_the_one_about_a_loop(acting: Acting) -> None:
    acting.alarm()
    notices = ["operator-notice -> operator@helpdesk.example"]
    until = acting.stage.now + timedelta(hours=4)
    while NOTICE not in (gone := acting.said()):
        at = acting.stage.next_due()
        assert at is not None
        assert at < until, "nobody says that the alarm is not answered"
        acting.stage.now = max(at, acting.stage.now)
        acting.stage.tick()
    assert [one for one in gone if "operator" in one] == notices
    said = [answers_the_alarm(acting) for _ in range(MANY + 2)]
    assert [[one for one in out if "operator" in one] for out in said] == [
        *([[]] * MANY), notices, [],
    ]  # fmt: skip


def answers_the_alarm(acting: Acting) -> list[str]:
    """Let a team member write to the alarm, by the ROC's address; return what goes out."""
    to = "reply+{{token ngi-de@roc.example}}@helpdesk.example"
    acting.mail(to, "tom@cern.example", f"We look {acting.mails}.", proofs=PROVEN)
    return acting.said()


def test_what_is_compared_does_not_grow_with_the_ticket(acting: Acting) -> None:
    """Only the newest entries are looked at, however many a flood has made."""
    said = [writes(acting, TINA)[0] for _ in range(FEW + 1)]
    assert [LOOP in reasons for reasons in said] == [False] * FEW + [True]
    for more, is_loop in ((MOST_ENTRIES - 9, True), (MOST_ENTRIES, False)):
        with acting.stage.store.writing() as conn:
            conn.execute(update(ticket).values(last_event=ticket.c.last_event + more))
        assert (LOOP in writes(acting, TINA)[0]) is is_loop
