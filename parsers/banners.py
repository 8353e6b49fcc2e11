"""What mail servers put into mails from outside: a word before the subject, a warning on top.

Rule: a closed list of whole sentences that nobody would write to say something. A name or a word
that is not in it makes another sentence of it, which is then somebody's own.
"""

import re

_TAG = re.compile(
    r"\s*\[\s*(?:ext|external|extern|externe|esterno|externo)(?:[ -](?:e-?mail|mail|sender))?\s*\]"
    r"[\s:-]*",
    re.IGNORECASE,
)
_MOST = 8  # of tags or sentences, one after the other
_HOUSE = "(?:of )?(?:the|your|our) (?:organi[sz]ation|company|university|institution)"
_MAIL = "this (?:e-?mail|message)"
_SENTENCES = (
    f"{_MAIL} (?:has )?originated (?:from )?outside {_HOUSE}",
    f"{_MAIL} (?:was sent|came|is) from outside {_HOUSE}",
    f"{_MAIL} (?:was sent by|came from|is from) an external (?:sender|source)",
    (
        "do not click(?: on)?(?: any)? links or open(?: any)? attachments unless you "
        "(?:recogni[sz]e|can confirm|know|trust) the sender and know(?: that)? the content is safe"
    ),
    "please be wary of any links or attachments, and do not enable macros",
)
_LEADS = "(?:caution|warning|attention|external|external e-?mail|external sender)[:!-]? "
_LONE = (
    r"\[(?:ext|external|external e-?mail|external sender)\]",
    "external (?:e-?mail|sender)[:!]?",
)
# Matched where all blanks are gone.
_BANNER = re.compile(
    "|".join(f"(?:{_LEADS})?(?:{one})[.!]?".replace(" ", "") for one in _SENTENCES)
    + "|"
    + "|".join(one.replace(" ", "") for one in _LONE),
    re.IGNORECASE,
)


def without_tags(subject: str) -> str:
    """Return a subject without the words in brackets that a mail server has put before it."""
    for _ in range(_MOST):
        match = _TAG.match(subject)
        if match is None:
            break
        subject = subject[match.end() :]
    return subject


def without_banners(visible: str) -> str:
    """Return the visible characters of a text without the warnings that it begins with."""
    at = 0
    for _ in range(_MOST):
        match = _BANNER.match(visible, at)
        if match is None:
            break
        at = match.end()
    return visible[at:]
