"""A store with many tickets whose clocks have only begun: made by mails and an operator's lines.

Everything goes through the real worker and desk; only proofs are told, and mails of this time are
taken as sent. So nothing is due yet. What becomes due, and when: `torture.ageing`.
"""

from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

from proven import evidence
from sqlalchemy import select, update
from stage import Stage
from torture.history import OK, Attempt, History, Letter

from gateway.now import utc_now
from parsers.block import Field
from parsers.digest import sha256_of
from parsers.mail import hear
from router.decision import Command
from store.tables import mail_ticket, outbox

AN_HOUR = timedelta(hours=1)
SITES = ("FZK-LCG2", "INFN-T1", "SARA-MATRIX")
LISTS = {
    "NGI_DE": "ngi-de@roc.example",
    "NGI_IT": "ngi-it@roc.example",
    "NGI_NL": "ngi-nl@roc.example",
    "TPM": "tpm@firstline.example",
}
# What is done to each ticket after it was opened: (status, text), or None for nothing.
WAITING = ("waiting for reply", "Which version is it?")
SOLVED = ("solved", "It was repaired.")
ON_HOLD = ("on hold", "Spare parts are ordered.")
TAKEN = ("in progress", "")
LIVES = (WAITING, SOLVED, None, WAITING, TAKEN, None, SOLVED, ON_HOLD, WAITING, None)
TICKETS_OF_ONE = 4  # submitter, so that some reminders are lists
WITHOUT_SITE = 5  # every fifth ticket stays with first line
REMIND_LINES = "Remind on: {day:%Y-%m-%d}\r\n\r\n"


def prepare(place: Path, world: Path, url: str, history: History, tickets: int) -> None:
    """Make the store at `url`, and write down in `history` the mails that it is made of."""
    stage = Stage(place, world, utc_now() - AN_HOUR, url)
    letters = [_open(stage, history, number) for number in range(tickets)]
    _let_go(stage)
    on_hold = []
    for letter, life in zip(letters, islice(cycle(LIVES), tickets), strict=True):
        if life is not None:
            _steer(stage, _ticket_of(stage, letter), *life)
        if life is ON_HOLD:
            on_hold.append(letter)
    for letter in on_hold:
        _want_reminder(stage, history, letter)
    _let_go(stage)
    stage.close()


def _open(stage: Stage, history: History, number: int) -> Letter:
    site = "" if number % WITHOUT_SITE == 0 else f"Site: {SITES[number % len(SITES)]}\r\n\r\n"
    person = f"s{number // TICKETS_OF_ONE}@physics.example"
    letter = history.write("new", 200, person=person, lines=site or "Hello.\r\n\r\n")
    _keep(stage, letter)
    return letter


def _want_reminder(stage: Stage, history: History, letter: Letter) -> None:
    """Let the unit of a ticket ask to be reminded of it in some days."""
    number = _ticket_of(stage, letter)
    query = select(outbox.c.reply_token, outbox.c.recipient).where(
        outbox.c.ticket == number,
        outbox.c.recipient.in_(tuple(LISTS.values())),
        outbox.c.reply_token != "",
    )
    with stage.store.reading() as conn:
        token, supporter = conn.execute(query.order_by(outbox.c.id.desc()).limit(1)).one()
    stage.now += timedelta(seconds=20)  # nobody writes many mails at one moment
    lines = REMIND_LINES.format(day=stage.now + timedelta(days=5))
    to = f"reply+{token}@helpdesk.example"
    _keep(stage, history.write("wish", 100, letter, person=supporter, to=to, lines=lines))
    stage.work()


def _keep(stage: Stage, letter: Letter) -> None:
    told = evidence(({"kind": "dkim", "signed_at": stage.now},), hear(letter.raw))
    stage.prover.known[sha256_of(letter.raw)] = told
    envelope = stage.envelope(letter.raw, [letter.to], letter.person, "192.0.2.7")
    kept = stage.keep(letter.raw, envelope)
    letter.attempts.append(Attempt(OK, "kept before the run", 0.0, kept))


def _ticket_of(stage: Stage, letter: Letter) -> int:
    query = select(mail_ticket.c.ticket).where(mail_ticket.c.mail == letter.attempts[0].kept_as)
    with stage.store.reading() as conn:
        return int(conn.execute(query).scalar_one())


def _steer(stage: Stage, ticket: int, status: str, text: str) -> None:
    line = Field("status", status, f"Status: {status}")
    stage.desk.do(Command("steer", ticket, "operator", text, lines=(line,)))


def _let_go(stage: Stage) -> None:
    """Work on what was kept, and take what goes out as sent."""
    stage.work()
    with stage.store.writing() as conn:
        conn.execute(update(outbox).values(state="sent", sent_at=stage.now))
