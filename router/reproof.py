"""Proving again: when somebody who had to be asked about a sender did not answer.

The held ticket is there at once; its mail is proven again after 1, 5 and 15 minutes and every
quarter of an hour, for an hour. Then a person decides, as with any held ticket.
Source: docs/security.md, temporary errors.
"""

from datetime import datetime, timedelta

from router.decision import Mail, Reminder

STEP = "reprove"
AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 45, 60))


def first_reproof(mail: Mail, now: datetime) -> Reminder:
    """Return the step that proves a mail again for the first time."""
    return Reminder(STEP, now + AFTER[0], detail=str(mail.mail_id))


def next_reproof(mail_id: int, held_since: datetime, now: datetime) -> Reminder | None:
    """Return the next step, None when an hour is over."""
    due = next((held_since + after for after in AFTER if held_since + after > now), None)
    return None if due is None else Reminder(STEP, due, detail=str(mail_id))
