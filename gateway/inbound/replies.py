"""What the doors say, with RFC 3463 codes. Nothing here shows policy, versions or internals.

A text that comes from elsewhere goes through `one_line`: a reply is printable ASCII on one line.
"""

from gateway.inbound.room import NoRoom
from parsers.errors import Deferred, MailError

OK = "250 2.0.0 OK"
BYE = "221 2.0.0 Bye"
GO_AHEAD = "354 End data with <CR><LF>.<CR><LF>"
HELP = "214 2.0.0 See RFC 5321"
CANNOT_VERIFY = "252 2.1.5 Send some mail, and it will be tried"
NOT_HERE = "502 5.5.1 Command not implemented"
NOT_KNOWN = "500 5.5.1 Command not recognized"
LINE_TOO_LONG = "500 5.5.2 Line too long"
NOT_ASCII = "500 5.5.2 Only printable ASCII is understood here"
ARGUMENT = "501 5.5.4 Syntax error in the argument"
NO_ARGUMENT = "501 5.5.4 This command takes no argument"
HELLO_FIRST = "503 5.5.1 Say EHLO or HELO first"
LHLO_FIRST = "503 5.5.1 Say LHLO first"
MAIL_FIRST = "503 5.5.1 Say MAIL first"
NESTED = "503 5.5.1 One sender is enough"
NO_RECIPIENTS = "503 5.5.1 No valid recipients"
NO_TLS = "454 4.7.0 TLS is not available"
TLS_ALREADY = "503 5.5.1 TLS is active already"
SENDER_OK = "250 2.1.0 OK"
SENDER_BAD = "553 5.1.7 That is not a mail address"
RECIPIENT_OK = "250 2.1.5 OK"
RECIPIENT_BAD = "553 5.1.3 That is not a mail address"
NOT_IN_ASCII = "553 5.6.7 Addresses in UTF-8 are not supported"
PARAMETER = "555 5.5.4 Parameter not recognized"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients; send the rest in another mail"
NO_MEMORY = "452 4.3.1 The helpdesk is busy with other mail; try again later"
OUR_FAULT = "451 4.3.0 The helpdesk cannot take mail at the moment; try again later"
TOO_BUSY = "421 4.3.2 Too many connections; try again later"
TOO_MANY_FROM_YOU = "421 4.7.0 Too many connections from your address"
STORE_FAILS = "421 4.3.0 The helpdesk cannot take mail at the moment; try again later"
CLOSING = "421 4.3.2 The helpdesk is restarting; try again soon"
TIMEOUT = "421 4.4.2 Timeout"
TOO_LONG_HERE = "421 4.4.2 This session has lasted long enough; come again"
TOO_MANY_COMMANDS = "421 4.7.0 Too many commands without a mail"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors"
NOT_SMTP = "421 4.7.0 This is a mail server"


def no_mailbox(support: str) -> str:
    """Return the reply for a recipient that is not ours."""
    return one_line(f"550 5.1.1 No such mailbox here; to reach the helpdesk, write to {support}")


def too_big(max_bytes: int) -> str:
    """Return the reply for a mail over the size limit."""
    return f"552 5.3.4 The mail is larger than {max_bytes // 1_000_000} MB"


def bad_structure(sentence: str) -> str:
    """Return the reply for a mail with a structure fault."""
    return one_line(f"550 5.6.0 {sentence[:1].upper()}{sentence[1:]}; it was not accepted")


def kept(mail_id: int) -> str:
    """Return the reply for a mail that is on disk."""
    return f"250 2.0.0 kept as {mail_id}"


def try_later(error: MailError) -> str:
    """Return the reply for our own trouble; anything but Deferred is not told."""
    if isinstance(error, NoRoom):
        return one_line(f"452 4.3.1 {error.public}")
    if isinstance(error, Deferred):
        return one_line(f"451 4.3.0 {error.public}")
    return OUR_FAULT


def one_line(text: str) -> str:
    """Return printable ASCII on one line, 500 characters at most (RFC 5321 section 4.5.3.1.5)."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:500]
