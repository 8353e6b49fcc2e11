"""What would happen to a mail, and why: the same functions as `work`, and nothing written."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.deliberate import Heard, Settled, hear_mail, settle
from gateway.desk import Desk
from parsers.digest import content_of
from parsers.envelope import Envelope
from parsers.evidence import SenderEvidence
from parsers.gate import look
from router.authority import Sender, sender_of


@dataclass(frozen=True, slots=True)
class Explained:
    """A mail's decisions before they are made."""

    settled: Settled
    envelope: Envelope
    sender: Sender


def explain(
    desk: Desk,
    envelope: Envelope,
    raw: bytes,
    proven: Callable[[Heard, bytes], SenderEvidence] = lambda _heard, _raw: SenderEvidence(),
) -> Explained:
    """Return what `work` would decide about this mail now; changes nothing.

    `proven` collects the evidence of its sender; without it, nothing is proven.
    """
    now = desk.clock()
    mail = hear_mail(0, envelope, raw, desk.policy, now)
    identity = (look(raw, file=True).message_id, content_of(raw))
    heard = Heard(mail, identity)
    heard = replace(heard, mail=replace(mail, evidence=proven(heard, raw)))
    with desk.store.reading() as conn:
        settled = settle(conn, [heard], desk.known, desk.policy, now)[0]
    facts = settled.facts
    sender = sender_of(heard.mail, facts.roster, desk.policy, replayed=facts.replayed)
    return Explained(settled, envelope, sender)
