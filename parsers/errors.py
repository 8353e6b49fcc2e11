"""The kinds of error, by two questions: whose fault is it, and is it worth trying again.

`public` is one sentence that a stranger may read: no policy, no address, no internals.
`detail` is for the log. Doors translate: Malformed and Refused to 5xx, Deferred to 4xx.
Standard library only: the site's alarm hook imports this file.
"""


class MailError(Exception):
    """A mail could not be taken as it is; `public` for its sender, `detail` for the log."""

    def __init__(self, public: str, detail: str = "") -> None:
        super().__init__(detail or public)
        self.public = public
        self.detail = detail or public


class Malformed(MailError):  # noqa: N818 - the words of ARCHITECTURE.md, shorter than ...Error
    """Their fault, permanent: the bytes break a rule of the format."""


class Refused(MailError):  # noqa: N818 - see Malformed
    """Their fault, permanent: well-formed, but not taken here."""


class Deferred(MailError):  # noqa: N818 - see Malformed
    """Our fault or the network's, temporary: the same mail may succeed later."""
