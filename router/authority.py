"""What a sender may do, by what was proven. Fails closed: what is not a row here has no right.

`sender_of` finds the row, `RIGHTS` says what it allows. Whether an alarm or a team request is
granted depends on more than the row: `router.entitled`. Anything that went wrong while proving
counts as nothing proven.
Source: the decision table of docs/security.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parsers.evidence import Proof, ProofKind
from parsers.heard import Note
from parsers.roster import Member, Roster, exact_address
from router.decision import Mail, Policy
from router.words import Reason

Members = tuple[Member, ...]
CLOCK_SKEW = timedelta(minutes=10)


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


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it is, as far as that is proven.

    `proof` is the one that counts, None below a proof. `members` are the rows of the roster of the
    person that it proves. `also` are the other proofs of the mail that count: signing twice never
    takes a right away. `signed` are the header fields that nobody can have changed since.
    """

    standing: Standing
    proof: Proof | None = None
    members: tuple[Member, ...] = ()
    also: tuple["Sender", ...] = ()
    signed: frozenset[str] = frozenset()

    @property
    def may(self) -> Rights:
        """Return what the standing allows."""
        return RIGHTS[self.standing]

    @property
    def each(self) -> tuple["Sender", ...]:
        """Return one sender for each proof that counts, the best one first."""
        return (self, *self.also)


def sender_of(
    mail: Mail, roster: Roster, policy: Policy, *, by_token: bool = False, replayed: bool = False
) -> Sender:
    """Return the best standing that this mail has; a broken structure has none but a token's.

    `replayed` says that one of its signatures came before, with another mail.
    """
    lowest = Sender(Standing.TOKEN if by_token else Standing.NOBODY)
    if mail.heard.sender is None or mail.envelope.faults:
        return lowest
    if Note.BARE_LINE_END in mail.heard.notes:  # readers may disagree about what was signed
        return _SUBMITTED if mail.envelope.submitted else lowest
    asked = Asked(mail, roster, policy, mail.heard.sender.address, replayed=replayed)
    found = (rule(asked) for rule in (_disagreement, _smime, _dkim, _results))
    strong = [one for one in found if one is not None]
    standings = {one.standing for one in strong}
    proven = [one for one in strong if one.standing in _BY_PROOF]
    if proven:
        return _best_of(proven, asked)
    if mail.envelope.submitted:
        return _SUBMITTED
    if by_token:
        return lowest
    if mail.evidence.unanswered:
        return Sender(Standing.UNANSWERED)
    for spoilt in (Standing.REPLAYED, Standing.STALE, Standing.UNBOUND):
        if spoilt in standings:
            return Sender(spoilt)
    return _hint(mail) or lowest


_BY_PROOF = frozenset({Standing.DISAGREE, Standing.SMIME, Standing.DKIM, Standing.RESULTS})
# Nobody stands between us and a submission network: its mail has no Received line.
_SUBMITTED = Sender(Standing.SUBMITTED, signed=frozenset({"to", "cc"}))


def _best_of(proven: Sequence[Sender], asked: "Asked") -> Sender:
    """Return the best proof, of those whose person is known here if there are any."""
    if proven[0].standing is Standing.DISAGREE:
        return proven[0]
    best, *rest = sorted(proven, key=lambda one: not one.members)
    signed = frozenset().union(*(proof.covers for proof in _aligned(asked)))
    return replace(best, also=tuple(rest), signed=signed)


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail that may be proven, and what is needed to judge its proofs."""

    mail: Mail
    roster: Roster
    policy: Policy
    address: str
    replayed: bool

    def judged(
        self,
        good: Standing,
        proofs: Iterable[Proof],
        members: Callable[[Proof], Members],
    ) -> Sender | None:
        """Return the standing by the first proof that is fresh and new, else what is wrong.

        A signature under which the text can be read in another way proves no words of its signer.
        """
        spoilt: Sender | None = None
        for proof in proofs:
            if not self.is_fresh(proof.signed_at):
                spoilt = spoilt or Sender(Standing.STALE)
            elif self.replayed:
                spoilt = Sender(Standing.REPLAYED)
            elif "body" not in proof.covers:
                spoilt = spoilt or Sender(Standing.UNBOUND)
            else:
                return Sender(good, proof, members(proof))
        return spoilt

    def owners(self, proof: Proof) -> Members:
        """Return the members to whom a certificate belongs: one of that name by that issuer."""
        return self.roster.with_certificate(proof.identity, proof.issuer)

    def is_fresh(self, at: datetime | None) -> bool:
        """Whether something was said shortly before the mail came, as far as clocks agree."""
        received = self.mail.envelope.received_at
        oldest = received - timedelta(seconds=self.policy.max_age_s)
        return at is not None and oldest <= at <= received + CLOCK_SKEW


def _disagreement(asked: Asked) -> Sender | None:
    """Say when a certificate speaks for another person than From, and From is proven, too."""
    by_address = asked.roster.with_address(asked.address)
    for proof in asked.mail.evidence.passed(ProofKind.SMIME):
        owners = asked.owners(proof)
        if _speaks(asked, proof):
            if owners and by_address and not _names(owners) & _names(by_address):
                return Sender(Standing.DISAGREE)
        elif _aligned(asked):
            return Sender(Standing.DISAGREE)
    return None


def _smime(asked: Asked) -> Sender | None:
    proofs = asked.mail.evidence.passed(ProofKind.SMIME)
    spoken = [proof for proof in proofs if _speaks(asked, proof)]
    return asked.judged(Standing.SMIME, spoken, asked.owners)


def _dkim(asked: Asked) -> Sender | None:
    members = asked.roster.with_address(asked.address)
    return asked.judged(Standing.DKIM, _aligned(asked), lambda _: members)


def _results(asked: Asked) -> Sender | None:
    """Believe the mail server of a mailbox, unless we see ourselves what is wrong.

    It says who signed, but not when or for the how-manieth time.
    """
    for proof in asked.mail.evidence.passed(ProofKind.RESULTS):
        if exact_address(proof.identity) == exact_address(asked.address):
            if asked.replayed:
                return Sender(Standing.REPLAYED)
            if not asked.is_fresh(asked.mail.heard.date):
                return Sender(Standing.STALE)
            spoilt = _dkim(asked)
            if spoilt is not None and spoilt.standing not in _BY_PROOF:
                return spoilt
            members = asked.roster.with_address(asked.address)
            return Sender(Standing.RESULTS, proof, members)
    return None


def _hint(mail: Mail) -> Sender | None:
    """Return what is only shown to readers: a list's seal, or the envelope's sender."""
    evidence = mail.evidence
    for proof in evidence.passed(ProofKind.ARC):
        return Sender(Standing.ARC, proof)
    address = mail.heard.sender.address if mail.heard.sender else ""
    for proof in evidence.passed(ProofKind.SPF):
        if proof.aligned and exact_address(mail.envelope.mail_from) == exact_address(address):
            return Sender(Standing.SPF, proof)
    return None


def _aligned(asked: Asked) -> list[Proof]:
    return [proof for proof in asked.mail.evidence.passed(ProofKind.DKIM) if proof.aligned]


def _speaks(asked: Asked, proof: Proof) -> bool:
    """Whether a certificate is From's: by its addresses, or by its owner's in the roster."""
    wanted = exact_address(asked.address)
    owned = (a for one in asked.owners(proof) for a in one.addresses)
    return proof.aligned or wanted in map(exact_address, owned)


def _names(members: Iterable[Member]) -> set[str]:
    return {one.name for one in members}
