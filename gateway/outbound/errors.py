"""What may go wrong with a relay besides Refused and Deferred; both are kinds of Deferred."""

from parsers.errors import Deferred


class RelayDown(Deferred):
    """The relay takes no mail at all now: unreachable, silent, or it refuses us as a client."""


class RecipientDeferred(Deferred):
    """The relay works; only this recipient's mail is not taken now."""
