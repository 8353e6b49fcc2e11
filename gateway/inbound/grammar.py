"""The grammar of MAIL and RCPT arguments (RFC 5321 section 4.1.1).

Almost every address has the plain form, which one linear regex reads. Others are given back as
None, for the caller to read in its slower way. Nothing here knows a connection.
"""

import re
from dataclasses import dataclass

MAX_ADDRESS = 320
# Mailbox of atoms and letters-digits-hyphen labels, or a lone local part, or the null path.
_PLAIN = re.compile(
    r"<((?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?)?)>"
    r"(?: +(.*))?"
)
_BAD_DOTS = re.compile(r"^\.|\.\.|\.@|@\.|\.$")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
MAX_SIZE_DIGITS = 20


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What ESMTP parameters of MAIL may say here. `size` is 0 when it was not announced."""

    size: int = 0


def path_argument(argument: str, keyword: str) -> str | None:
    """Return what follows `FROM:` or `TO:`, None if the keyword is not there."""
    if argument[: len(keyword)].upper() != keyword:
        return None
    return argument[len(keyword) :].strip(" ")


def plain_path(text: str) -> tuple[str, str] | None:
    """Return (address without brackets, parameters) of a plain path; None for any other form."""
    match = _PLAIN.fullmatch(text)
    if match is None or len(match[1]) > MAX_ADDRESS or _BAD_DOTS.search(match[1]):
        return None
    return match[1], match[2] or ""


def mail_parameters(text: str) -> MailParameters | None:
    """Return the parameters of MAIL: SIZE (RFC 1870) and BODY (RFC 6152); None for others."""
    size = 0
    seen = set()
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None or match[1].upper() in seen:
            return None
        name, value = match[1].upper(), (match[2] or "").upper()
        seen.add(name)
        if name == "SIZE" and value.isdecimal() and len(value) <= MAX_SIZE_DIGITS:
            size = int(value)
        elif name != "BODY" or value not in {"7BIT", "8BITMIME"}:
            return None
    return MailParameters(size)
