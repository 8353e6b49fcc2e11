"""The decision table: what a sender may do, by how well it is known who sent a mail.

Fails closed: what is not a row here has no right. Which row a mail is in: `router.authority`.
Whether an alarm or a team request is granted depends on more than the row: `router.entitled`.
Source: the decision table of docs/security.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from router.words import Reason


class Standing(StrEnum):
    """How well a mail's sender is known: a row of the decision table."""

    DISAGREE = "proofs disagree"
    SMIME = "s/mime"
    DKIM = "dkim"
    RESULTS = "authentication-results"
    SUBMITTED = "submitted"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    UNANSWERED = "not answered"
    REPLAYED = "signed mail sent again"
    STALE = "signed too long ago"
    UNBOUND = "text not signed"
    ARC = "arc"
    SPF = "spf"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a standing allows. `reason` is what the history says of it.

    `raise_alarm` and `update_team` count for people whom their VO has given these roles.
    """

    raise_alarm: bool
    update_team: bool
    act_as_submitter: bool
    open_ticket: bool
    comment: bool
    be_answered: bool
    reason: Reason


_YES, _NO = True, False
# fmt: off
#                               alarm  team  submitter  open  comment  answered
RIGHTS: Mapping[Standing, Rights] = {
    Standing.DISAGREE:   Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.PROOFS_DISAGREE),
    Standing.SMIME:      Rights(_YES, _YES, _YES,      _YES, _YES,    _YES, Reason.PROVEN_SMIME),
    Standing.DKIM:       Rights(_YES, _YES, _YES,      _YES, _YES,    _YES, Reason.PROVEN_DKIM),
    Standing.RESULTS:    Rights(_YES, _YES, _YES,      _YES, _YES,    _YES, Reason.PROVEN_RESULTS),
    Standing.SUBMITTED:  Rights(_NO,  _NO,  _YES,      _YES, _YES,    _YES, Reason.SUBMITTED),
    Standing.TOKEN:      Rights(_NO,  _NO,  _NO,       _NO,  _YES,    _NO,  Reason.BY_TOKEN),
    Standing.UNANSWERED: Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.NOT_ANSWERED),
    Standing.REPLAYED:   Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.REPLAYED),
    Standing.STALE:      Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.STALE),
    Standing.UNBOUND:    Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.TEXT_NOT_SIGNED),
    Standing.ARC:        Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.ARC_ONLY),
    Standing.SPF:        Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _YES, Reason.SPF_ONLY),
    Standing.NOBODY:     Rights(_NO,  _NO,  _NO,       _NO,  _NO,     _NO,  Reason.UNPROVEN),
}
# fmt: on

# Only a mail with one of these uses its signature up: a copy that proves nothing (a list put itself
# into From) must not silence the mail that it was made of.
PROVEN = frozenset({Standing.SMIME, Standing.DKIM, Standing.RESULTS})
