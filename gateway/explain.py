"""What would happen to a mail, and why: the same functions as `work`, and nothing written."""

from dataclasses import dataclass

from gateway.deliberate import Settled, hear_mail, settle
from gateway.desk import Desk
from parsers.digest import content_of
from parsers.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Explained:
    """A mail's decisions before they are made."""

    settled: Settled
    envelope: Envelope


def explain(desk: Desk, envelope: Envelope, raw: bytes) -> Explained:
    """Return what `work` would decide about this mail now; changes nothing."""
    heard = hear_mail(0, envelope, raw, content_of(raw))
    with desk.store.reading() as conn:
        settled = settle(conn, [heard], desk.known, desk.policy, desk.clock())
    return Explained(settled[0], envelope)
