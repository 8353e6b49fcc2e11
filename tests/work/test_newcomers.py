"""What the store brings up for somebody who is new to a ticket, by whatever line he comes."""

import pytest
from stage import Said, Stage

from parsers.block import KEYS, Field
from parsers.mail import hear
from router.decision import Command
from tests.work.test_steering import ANNE, TINA, TPM, answer, mail, stage

__all__ = ["stage"]
JOE, SOFIA = "joe@lab.example", "sofia@lab.example"
SITE = "Site: FZK-LCG2\r\n\r\n"
ROC = "ngi-de@roc.example"
BEFORE = "What was said before:\n\n  anne@physics.example, 2026-03-02 10:01 UTC:"


def text_to(said: list[Said], address: str) -> str:
    (one,) = [one for one in said if one.recipient == address]
    return hear(one.mail).text


@pytest.mark.parametrize("line", ["Cc", "Involve"])
def test_who_is_brought_in_by_mail_reads_the_problem(stage: Stage, line: str) -> None:
    mail(stage, ANNE, "They fail.")
    answer(stage, TINA, "Internal: yes\r\n\r\nShe was phished.", TPM)
    text = text_to(answer(stage, TINA, f"{line}: {SOFIA}\r\n\r\nPlease look.", TPM), SOFIA)
    assert text.index("Please look.") < text.index(BEFORE)
    assert "They fail." in text
    assert "phished" not in text
    again = text_to(answer(stage, TINA, "We look, too.", TPM), SOFIA)
    assert "They fail." not in again


@pytest.mark.parametrize("lines", ["Reopen: yes", "Status: reopened"])
def test_first_line_reads_what_it_gets_by_reopening(stage: Stage, lines: str) -> None:
    mail(stage, ANNE, f"{SITE}They fail.")
    answer(stage, TINA, "Status: solved\r\n\r\nA disk.", ROC)
    said = answer(stage, ANNE, f"{lines}\r\n\r\nStill so.", ANNE)
    text = text_to(said, TPM)
    assert "has reopened ticket #100001" in text
    assert "It was closed with this:\n\n  A disk." in text
    assert "They fail." in text
    assert 'To take it, answer with "Status: in progress"' in " ".join(text.split())
    assert "They fail." not in text_to(said, ROC)


def test_first_line_reads_what_it_gets_by_escalation(stage: Stage) -> None:
    mail(stage, ANNE, f"{SITE}They fail.")
    answer(stage, ANNE, "Escalate: yes", ANNE)
    assert "They fail." in text_to(answer(stage, ANNE, "Escalate: yes\r\n\r\nNow!", ANNE), TPM)


@pytest.mark.parametrize("by_mail", [True, False])
@pytest.mark.parametrize("line", ["Duplicate of", "Merge into"])
def test_the_submitter_of_what_ends_reads_what_it_goes_on_as(
    stage: Stage, line: str, by_mail: bool
) -> None:
    mail(stage, ANNE, "They fail.")
    mail(stage, JOE, "Mine are lost.")
    if by_mail:
        said = answer(stage, TINA, f"{line}: #100001", TPM)
    else:
        lines = (Field(KEYS[line.lower()], "#100001", f"{line}: #100001"),)
        stage.desk.do(Command("steer", 100002, "root (command line)", "", lines=lines))
        said = stage.said()
    text = text_to(said, JOE)
    assert "What was said in ticket #100001:\n\n  anne@physics.example, 2026-03-02" in text
    assert "They fail." in text
    assert 'From now on you are sent what is said in ticket #100001, "Jobs fail".' in " ".join(
        text.split()
    ).replace("* ", "")
