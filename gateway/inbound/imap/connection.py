"""Connecting to a mailbox's server: TLS, login, and one clear sentence for what went wrong.

Rule: certificates and names are verified, TLS is 1.2 or newer, and there is no falling back to
clear text: who asked for TLS gets it, or no connection. What a server said may be shown to the
operator, but never with the password in it; what may be a piece of a mail is not shown.
"""

import imaplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import imapclient

from gateway.config.imap import Imap
from gateway.inbound.imap.wire import Client, Overrun

SAID_CHARS = 160


class Lost(Exception):  # noqa: N818 - it happened to us; the text is a sentence for the operator
    """The connection cannot be had, or is of no more use."""


class LoginRefused(Lost):
    """The server does not let us in; who tries again too often is locked out."""


def connect(section: Imap) -> Client:
    """Return a connection that is logged in; raises Lost."""
    password = section.password.reveal().decode("utf-8", "replace")
    with saying(password):
        context = _tls_context(section)
        client = Client(section.host, section.port, context if section.tls == "implicit" else None)
    try:
        with saying(password):
            client.allow()
            if section.tls == "starttls":
                client.starttls(context)
            client.allow()
            _log_in(client, section.user, password)
    except BaseException:
        close(client)
        raise
    return client


def close(client: Client) -> None:
    """Close a connection without a word: what it was good for is on disk already."""
    with suppress(OSError, imaplib.IMAP4.error):
        client.shutdown()


@contextmanager
def saying(password: str = "") -> Iterator[None]:
    """Turn what goes wrong with a connection into Lost, with a sentence."""
    try:
        yield
    except Lost:
        raise
    except Exception as error:  # the libraries meet garbage with whatever comes: KeyError, ...
        sentence = _sentence(error)
        if password:
            sentence = sentence.replace(password, "...")
        refused = isinstance(error, imapclient.exceptions.LoginError)
        raise (LoginRefused if refused else Lost)(sentence) from error


def _tls_context(section: Imap) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if section.ca_file is not None:
        try:
            context.load_verify_locations(section.ca_file)
        except OSError as error:  # ssl.SSLError is one
            why = error.strerror or error
            raise Lost(f"ca_file {section.ca_file} cannot be read: {why}") from error
    return context


def _log_in(client: Client, user: str, password: str) -> None:
    if not client.ssl and client.has_capability("LOGINDISABLED") and not _has_tls(client):
        raise imapclient.exceptions.LoginError("the server wants TLS first")
    client.log_in(user, password)


def _has_tls(client: Client) -> bool:
    return isinstance(client.socket(), ssl.SSLSocket)


def _sentence(error: Exception) -> str:
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            return sentence.format(_said(error))
    return f"the server speaks no IMAP that we understand: {type(error).__name__}"


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error)
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    text = str(error).replace("b'", "").replace("'", "")
    if "unexpected" in text or "unterminated" in text:  # then it may quote a mail
        text = "its answer is out of step"
    return "".join(char if char.isprintable() else " " for char in text)[:SAID_CHARS]


# The first that fits; more special kinds before their parents.
_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "certificate refused: {}"),
    (ssl.SSLError, "TLS failed: {}"),
    (socket.gaierror, "the server's name is not known: {}"),
    (Overrun, "{}"),
    (TimeoutError, "the server does not answer in time"),
    (OSError, "no connection: {}"),
    (imapclient.exceptions.LoginError, "login refused: {}"),
    (imapclient.exceptions.CapabilityError, "the server cannot do it: {}"),
    (imapclient.exceptions.ProtocolError, "the server's answer cannot be read"),
    (imaplib.IMAP4.abort, "the server ended the connection: {}"),
    (imaplib.IMAP4.error, "the server refused: {}"),
)
