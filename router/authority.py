"""Which row of the decision table a mail is in, by what was proven of its sender.

`sender_of` finds the row, and the people of the roster whom a proof names; what the row allows:
`router.rights`. Anything that went wrong while proving counts as nothing proven.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from parsers.evidence import Proof, ProofKind
from parsers.heard import Note
from parsers.roster import Member, Roster, exact_address
from router.decision import Mail, Policy
from router.rights import PROVEN, RIGHTS, Rights, Standing

Members = tuple[Member, ...]
CLOCK_SKEW = timedelta(minutes=10)


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


_BY_PROOF = PROVEN | {Standing.DISAGREE}
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
    """Say when a certificate speaks for another person than From, and From is proven, too.

    Names in the roster are not compared: two sources spell one person in two ways.
    """
    strangers = (p for p in asked.mail.evidence.passed(ProofKind.SMIME) if not _speaks(asked, p))
    return Sender(Standing.DISAGREE) if any(strangers) and _aligned(asked) else None


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
