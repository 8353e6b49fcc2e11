"""What would happen to a mail, and why: the same functions as `work`, and nothing written."""

from dataclasses import dataclass, replace

from gateway.deliberate import Heard, Settled, hear_mail, settle
from gateway.desk import Desk
from parsers.digest import content_of
from parsers.envelope import Envelope
from parsers.evidence import SenderEvidence
from parsers.gate import look


@dataclass(frozen=True, slots=True)
class Explained:
    """A mail's decisions before they are made."""

    settled: Settled
    envelope: Envelope


def explain(
    desk: Desk, envelope: Envelope, raw: bytes, evidence: SenderEvidence | None = None
) -> Explained:
    """Return what `work` would decide about this mail now, with this evidence; changes nothing."""
    now = desk.clock()
    mail = hear_mail(0, envelope, raw, desk.policy, now)
    mail = replace(mail, evidence=evidence or SenderEvidence())
    identity = (look(raw, file=True).message_id, content_of(raw))
    with desk.store.reading() as conn:
        settled = settle(conn, [Heard(mail, identity)], desk.known, desk.policy, now)
    return Explained(settled[0], envelope)
