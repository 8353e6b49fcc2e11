"""Why a new ticket waits for a person, and why its sender hears nothing from a machine.

Each answers with one reason from the closed list, or None. Nothing is decided here beyond that.
"""

from parsers.block import has_stray_fields
from parsers.heard import OVER_A_CAP, Automatic, Note
from router.addresses import Intent
from router.authority import Sender
from router.claim import Claim
from router.decision import Facts, Mail, Policy, Route
from router.entitled import why_not
from router.found import Earlier
from router.kinds import Kind
from router.methods import say_asked_of
from router.rights import Rights
from router.ticket import Ticket, TicketKind
from router.words import Reason

MAX_SITES_LISTED = 40
STRAY_FIELDS = (
    'Lines like "Site: NAME" were seen, but not read: they have to be the first lines of the mail, '
    "and the first of them one that is known here."
)


def why_held(claim: Claim, kind: Kind) -> Reason | None:
    """Return why a new ticket waits for a person, None when it does not."""
    mail, policy, may = claim.mail, claim.policy, claim.sender.may
    refused = why_not(claim, kind.kind)
    if refused is not None:
        return refused
    if mail.envelope.faults:
        return Reason.STRUCTURE
    if Note.ENCRYPTED in mail.heard.notes:
        return Reason.ENCRYPTED
    if set(mail.heard.notes) & OVER_A_CAP:
        return Reason.OVER_A_CAP
    if mail.heard.hops > policy.max_hops:
        return Reason.TOO_MANY_HOPS
    if not may.open_ticket and policy.unproven != "route":
        return Reason.NO_SENDER if mail.heard.sender is None else may.reason
    return None


def standing_of(mail: Mail, sender: Sender) -> Reason:
    """Return how well the sender of a held mail is known, as its history says it.

    The hold reason may only say that proof is missing; this one says which, or what is wrong.
    """
    if mail.heard.sender is None:
        return Reason.NO_SENDER
    unproven = sender.may.reason is Reason.UNPROVEN
    return Reason.STRUCTURE if unproven and mail.envelope.faults else sender.may.reason


def why_no_answer(mail: Mail, facts: Facts, policy: Policy, may: Rights) -> Reason | None:
    """Return why the sender gets no automatic mail, None when one may go out."""
    sender = mail.heard.sender
    if sender is None:
        return Reason.NO_SENDER
    if mail.heard.automatic is not Automatic.NO or mail.envelope.mail_from == "":
        return Reason.NO_ANSWER_TO_MACHINES
    if not may.be_answered:
        return Reason.NO_ANSWER_TO_UNPROVEN
    if policy.addresses.is_ours(sender.address):
        return Reason.OWN_MAIL
    if facts.counts.receipts >= policy.receipts_per_hour:
        return Reason.RECEIPT_CAP
    return None


def circumstances(
    mail: Mail, facts: Facts, policy: Policy, raised: Earlier | None, follows: Ticket | None
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """Return what else is to be known of a new ticket: reasons, and notes for its readers."""
    reasons: list[Reason] = []
    notes: list[str] = []
    tag = policy.ticket_tag
    if raised is not None:
        reasons.append(Reason.SAME_MAIL_RAISED)
        notes += [f"The same mail opened {tag}: #{number} before." for number in raised.tickets]
    if follows is not None:
        reasons.append(Reason.TICKET_FINAL)
        notes.append(f"It answers {tag}: #{follows.number}, which is closed for good.")
    answers = (policy.addresses.intent(r) is Intent.ANSWER for r in mail.envelope.recipients)
    if mail.intent is not Intent.ANSWER and any(answers):
        reasons.append(Reason.TOKEN_NOT_VALID)
        notes.append("Its reply address is not valid, or no longer, so it opened a ticket.")
    if mail.heard.block.unknown:
        reasons.append(Reason.LINE_NOT_UNDERSTOOD)
    if not mail.heard.text.strip() and not mail.heard.files:
        notes.append("The mail has no text.")
    if not mail.heard.block.fields and has_stray_fields(mail.heard.visible):
        notes.append(STRAY_FIELDS)
    for clue, ticket in facts.found:
        if clue.reason is Reason.THREAD_TAG and follows is None:
            reasons.append(Reason.TAG_OF_A_STRANGER)
            notes.append(f"Its subject names {tag}: #{ticket.number}.")
    if mail.heard.automatic is not Automatic.NO:
        reasons.append(Reason.MACHINE)
    return tuple(reasons), tuple(notes)


def missing(claim: Claim, kind: Kind, to: Route, hold: Reason) -> tuple[str, ...]:
    """Return what a held request would have needed; that is for its writer and for first line."""
    sender = claim.mail.heard.sender
    needs: list[str] = []
    if kind.kind is not TicketKind.USER and not to.site:
        needs.append(_needs_a_site(kind, claim.facts))
    if hold is Reason.WEAK_FOR_DOMAIN and sender is not None:
        needs.append(say_asked_of(claim.policy, sender.address))
    return tuple(needs)


def _needs_a_site(kind: Kind, facts: Facts) -> str:
    names = sorted(site.name for site in facts.registry.sites if site.routable)
    listed = ", ".join(names[:MAX_SITES_LISTED])
    more = ", ..." if len(names) > MAX_SITES_LISTED else ""
    told = f'A ticket of kind {kind.kind} needs a line "Site: NAME" at the top; sites:'
    return f"{told} {listed}{more}."
