"""What a sender may do, by what was proven. Fails closed: what is not a row here has no right.

`standing` finds the row, `RIGHTS` says what it allows. Anything that went wrong while proving
counts as nothing proven.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from router.decision import Mail
from router.words import Reason


class Standing(StrEnum):
    """How well a mail's sender is known."""

    SUBMITTED = "submitted"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a standing allows. `reason` is what the history says of it."""

    raise_alarm: bool
    update_team: bool
    act_as_submitter: bool
    open_ticket: bool
    comment: bool
    be_answered: bool
    reason: Reason


_YES, _NO = True, False
# fmt: off
#                              alarm  team  submitter  open  comment  answered
RIGHTS: Mapping[Standing, Rights] = {
    Standing.SUBMITTED: Rights(_NO,  _NO,  _YES,      _YES, _YES,    _YES, Reason.SUBMITTED),
    Standing.TOKEN:     Rights(_NO,  _NO,  _NO,       _NO,  _YES,    _NO,  Reason.BY_TOKEN),
    Standing.NOBODY:    Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.UNPROVEN),
}
# fmt: on


def standing(mail: Mail, *, by_token: bool) -> Standing:
    """Return the best standing that this mail has; a broken structure has none but a token's."""
    if mail.envelope.submitted and not mail.envelope.faults and mail.heard.sender is not None:
        return Standing.SUBMITTED
    return Standing.TOKEN if by_token else Standing.NOBODY


def rights(mail: Mail, *, by_token: bool) -> Rights:
    """Return what this mail's sender may do."""
    return RIGHTS[standing(mail, by_token=by_token)]
