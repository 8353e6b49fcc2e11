"""Which ticket a unit is told the story of, where one Message-ID stands in several tickets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acting import PROVEN, WORLD, Acting
from stage import Stage

from parsers.mail import hear
from tests.work.mails import NOW

ANNE, SUE, TINA = "anne@physics.example", "sue@unit.example", "tina@firstline.example"
SUPPORT, NGI_IT = "support@helpdesk.example", "ngi-it@roc.example"
TPM_REPLIES = "reply+{{token tpm@firstline.example}}@helpdesk.example"
ANSWERS_IT = "In-Reply-To: <1@else.example>\n"


@pytest.fixture
def acting(place: Path, store_url: str) -> Iterator[Acting]:
    """A ticket of Anne's with a note for supporters, and one of Sue's by the same Message-ID."""
    stage = Stage(place, WORLD, NOW, store_url)
    acting = Acting(stage)
    acting.mail(SUPPORT, ANNE, "My password is in it.", proofs=PROVEN)
    acting.mail(TPM_REPLIES, TINA, "Internal: yes\n\nShe was phished.", proofs=PROVEN)
    acting.mails = 0
    acting.mail(SUPPORT, SUE, "Assign to: VOSupport\n\nThe queue is full.", proofs=PROVEN)
    acting.mails = 10
    stage.said()
    yield acting
    stage.close()


def told_by(acting: Acting, lines: str) -> str:
    """Let Sue answer the mail that both tickets know; return what the new unit is told."""
    acting.mail(SUPPORT, SUE, f"{lines}\n\nYours.", more=ANSWERS_IT, proofs=PROVEN)
    (told,) = [one for one in acting.stage.said() if one.recipient == NGI_IT]
    return hear(told.mail).text


@pytest.mark.parametrize("line", ["Assign to: NGI_IT", "Notified site: INFN-T1"])
def test_a_new_unit_is_told_the_ticket_that_it_is_given(acting: Acting, line: str) -> None:
    text = told_by(acting, line)
    assert acting.ticket(100002).support_unit == "NGI_IT"
    assert "The queue is full." in text
    assert "password" not in text
    assert "phished" not in text
