"""[[imap]]: the mailboxes that we read and empty, one entry each, and the name of each."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.secrets import SecretReference, fault
from gateway.config.sections import Section
from gateway.config.values import Address, ConfigPath, Domain, Duration, Port, Text

POLL_LEAST = timedelta(seconds=1)
POLL_MOST = timedelta(minutes=9)  # a server may drop who idles for longer (RFC 2177 says 29 min)


def _folder(text: str) -> str:
    if not text.isprintable() or any(char in text for char in "*%"):
        raise fault("is not the name of a folder: no wildcard, no control character")
    return text


def _poll(span: timedelta) -> timedelta:
    if not POLL_LEAST <= span <= POLL_MOST:
        raise fault('must be "1 s" to "9 min"')
    return span


Folder = Annotated[Text, AfterValidator(_folder)]
Poll = Annotated[Duration, AfterValidator(_poll)]


class Imap(Section):
    """[[imap]]: a mailbox that we empty, one entry each."""

    host: Domain = Field(description="The IMAP server; its certificate must fit this name.")
    port: Port = Field(default=993, description="Its port; 143 is usual for starttls.")
    tls: Literal["implicit", "starttls", "off"] = Field(
        default="implicit",
        description="TLS from the first byte, or by STARTTLS; off is for this machine only.",
    )
    ca_file: ConfigPath | None = Field(
        default=None, description="PEM file of further authorities that may vouch for the server."
    )
    user: Text = Field(description="The login.")
    password: SecretReference = Field(description="The password of the login.")
    address: Address = Field(description="The address of ours whose mail lies there.")
    folder: Folder = Field(default="INBOX", description="The folder that is read.")
    done_folder: Folder = Field(
        default="Done", description="Where mails go once they are on our disk; made if missing."
    )
    refused_folder: Folder = Field(
        default="Refused", description="Where mails go that we cannot take; made if missing."
    )
    since: Literal["all", "now"] = Field(
        default="all",
        description="The mails that lie there on the first day: all are read, or only later ones.",
    )
    poll: Poll = Field(
        default=timedelta(seconds=60),
        description="New mail is seen within this time even if the server announces nothing.",
    )
    max_size: int = Field(
        default=25_000_000, ge=100_000, le=250_000_000, description="Bytes in one mail."
    )
    recipient_header: str = Field(
        default="",
        pattern=r"^([A-Za-z][A-Za-z0-9-]{0,63})?$",
        description='The header with the true recipient, such as "Delivered-To"; "" for To and Cc.',
    )
    trusted_results: str = Field(
        default="",
        max_length=253,
        description="The authserv-id whose results we believe; check-config --probe tries it.",
    )
    alarms: bool = Field(default=False, description="Whether these results may prove an alarm.")


def mailbox_name(section: Imap) -> str:
    """Return the name of a mailbox in the journal, the log and the ready line."""
    return f"{section.user}@{section.host}/{section.folder}"


def health_name(section: Imap) -> str:
    """Return the name under which a mailbox says how it is."""
    return f"imap {mailbox_name(section)}"
