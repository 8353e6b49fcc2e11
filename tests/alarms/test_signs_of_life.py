"""The daily sign of life at sites with odd addresses, and what does not count as its answer."""

from datetime import timedelta

from acting import Acting

from router.decision import Due
from router.heartbeat import STEP


def beat(acting: Acting, detail: str = "") -> list[str]:
    """Let the daily step happen, by default as one that follows that of an hour before."""
    before = (acting.stage.now - timedelta(hours=1)).isoformat()
    acting.stage.desk.do(Due(STEP, detail=detail or before))
    return acting.said()


def test_addresses_that_name_the_vo_get_it_for_each_vo(acting: Acting) -> None:
    acting.site("FZK-LCG2", receipt="expected", alarm_addresses=("{vo}-operator@fzk.example",))
    assert beat(acting, "first") == [
        "alarm -> atlas-operator@fzk.example",
        "alarm -> cms-operator@fzk.example",
    ]


def test_a_vacation_note_is_no_sign_that_the_hook_lives(acting: Acting) -> None:
    acting.site("FZK-LCG2", receipt="expected")
    beat(acting, "first")
    away = "Auto-Submitted: auto-replied\n"
    row = acting.answer("alarm@fzk.example", "I am away until Monday.", more=away)
    assert row["outcome"] == "automatic"
    acting.stage.now += timedelta(hours=1)
    assert "operator-notice -> operator@helpdesk.example" in beat(acting)
    acting.answer("alarm@fzk.example", "Event: receipt", more=away)
    acting.said()
    assert beat(acting) == ["alarm -> alarm@fzk.example"]


def test_what_a_person_writes_to_it_becomes_a_ticket(acting: Acting) -> None:
    acting.site("FZK-LCG2", receipt="expected")
    beat(acting, "first")
    row = acting.answer("alarm@fzk.example", "What is this mail? Please stop it.")
    assert row["outcome"] in {"new", "held"}
    assert "What is this mail?" in str(acting.history(100001))


def test_a_helpdesk_that_was_away_itself_calls_no_hook_silent(acting: Acting) -> None:
    acting.site("FZK-LCG2", receipt="expected")
    beat(acting, "first")
    acting.answer("alarm@fzk.example", "Event: receipt")
    acting.stage.now += timedelta(days=3)
    acting.stage.tick()
    assert acting.said() == ["alarm -> alarm@fzk.example"]
    acting.stage.now += timedelta(days=1)
    acting.stage.tick()
    assert "operator-notice -> operator@helpdesk.example" in acting.said()
