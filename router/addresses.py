"""Our own addresses: what a recipient address asks for, before anything is read.

Intent in the address needs no guessing. The doors use this to refuse unknown mailboxes and to pick
a lane; `decide` uses it to find the strongest intent that a mail names.
"""

from dataclasses import dataclass
from enum import IntEnum


class Intent(IntEnum):
    """What the address wants, strongest first when sorted: one mail is one event."""

    ANSWER = 0
    ALARM = 1
    TEAM = 2
    USER = 3
    BOUNCE = 4


LANE_ALARM = 0
LANE_REPLY = 1
LANE_REST = 2
_LANES = {
    Intent.ALARM: LANE_ALARM,
    Intent.ANSWER: LANE_REPLY,
    Intent.TEAM: LANE_REST,
    Intent.USER: LANE_REST,
    Intent.BOUNCE: LANE_REST,
}
REPLY = "reply"
BOUNCES = "bounces"


@dataclass(frozen=True, slots=True)
class OurAddresses:
    """The helpdesk's addresses, all in lower case, `local@domain`."""

    domain: str
    support: str
    team: str
    alarm: str
    delimiter: str = "+"

    def intent(self, address: str) -> Intent | None:
        """Return what this recipient address asks for; None for a mailbox that is not ours."""
        wanted = address.lower()
        local, _, domain = wanted.rpartition("@")
        fixed = {
            self.alarm: Intent.ALARM,
            self.team: Intent.TEAM,
            self.support: Intent.USER,
            f"postmaster@{self.domain}": Intent.USER,
            "postmaster": Intent.USER,
        }
        if wanted in fixed:
            return fixed[wanted]
        if domain != self.domain:
            return None
        box, _, token = local.partition(self.delimiter)
        if box == REPLY and token:
            return Intent.ANSWER
        if box == BOUNCES:
            return Intent.BOUNCE
        return None

    def token(self, address: str) -> str:
        """Return the token inside a reply or bounce address, "" when there is none."""
        local = address.lower().rpartition("@")[0]
        return local.partition(self.delimiter)[2]

    def lane(self, recipients: tuple[str, ...], *, site_token: bool = False) -> int:
        """Return the lane of a mail to these recipients; 0 is taken first.

        `site_token` says that a recipient holds a site's token, which rides with the alarms.
        """
        if site_token:
            return LANE_ALARM
        lanes = (_LANES[i] for r in recipients if (i := self.intent(r)) is not None)
        return min(lanes, default=LANE_REST)

    def is_ours(self, address: str) -> bool:
        """Whether mail to this address would come back to us."""
        silent = {"noreply", "noreply-alarm", REPLY}  # of the last one no token is right
        local, _, domain = address.lower().rpartition("@")
        box = local.partition(self.delimiter)[0] if local.startswith(REPLY) else local
        return self.intent(address) is not None or (domain == self.domain and box in silent)

    def reply_to(self, token: str) -> str:
        """Return the address that answers go to."""
        return f"{REPLY}{self.delimiter}{token}@{self.domain}"

    def bounce_to(self, token: str) -> str:
        """Return the envelope sender that bounces go to."""
        return f"{BOUNCES}{self.delimiter}{token}@{self.domain}"
