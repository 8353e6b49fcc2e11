"""The sections of the configuration that run the daemon: one class each, one field each key.

These classes are the manual: each field says in its description what it does, and the example file
holds every key with its default. Every section may be left out except [helpdesk].
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.config.secrets import KeyReference, SecretReference
from gateway.config.values import (
    Address,
    Addresses,
    AsTuple,
    ConfigPath,
    Domain,
    Domains,
    Door,
    Duration,
    IpAddresses,
    Networks,
    PageUrl,
    Port,
    RelayUrl,
    StoreUrl,
    Subject,
    Text,
    WebDoor,
    is_domain,
)

LARGEST_TICKET = 2**32 - 1  # a token holds a ticket's number in 32 bits
Purposes = Annotated[tuple[Literal["emailProtection", "clientAuth"], ...], AsTuple]
Evidence = Annotated[tuple[Literal["dkim", "smime"], ...], AsTuple]
EvidenceOfDomain = Annotated[
    tuple[Literal["dkim", "smime", "dkim+smime"], ...], Field(min_length=1), AsTuple
]


class Section(BaseModel):
    """What all sections have in common: nothing unknown, nothing converted, nothing changed."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )


class Helpdesk(Section):
    """[helpdesk]: who we are and which addresses are ours."""

    domain: Domain = Field(description="The domain of our addresses and Message-IDs.")
    name: Text = Field(default="Helpdesk", description="The name in our mails.")
    address: Address = Field(default="", description="For everybody; support@DOMAIN by default.")
    team_address: Address = Field(default="", description="For VO teams; team@DOMAIN by default.")
    alarm_address: Address = Field(default="", description="For alarms; alarm@DOMAIN by default.")
    ticket_tag: str = Field(
        default="Ticket-ID",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,39}$",
        description='The word before the number in subjects: "Ticket-ID: #1".',
    )
    first_ticket: int = Field(
        default=1, ge=1, le=LARGEST_TICKET, description="The number of the first ticket."
    )
    first_line: Text = Field(description="The [[unit]] that takes what names no site.")
    operator_address: Addresses = Field(
        default=(), description="Who hears of trouble with ourselves; first line by default."
    )
    delimiter: Literal["+", "-", "=", "_"] = Field(
        default="+", description='What parts "reply" from its token in our reply addresses.'
    )
    secret: KeyReference = Field(
        description="The key of our reply addresses and Message-IDs, 16 bytes or more."
    )
    previous_secret: KeyReference | None = Field(
        default=None, description="The key before this one, still believed: for a rotation."
    )

    @model_validator(mode="before")
    @classmethod
    def _default_addresses(cls, values: Any) -> Any:
        domain = values.get("domain") if isinstance(values, dict) else None
        if not isinstance(domain, str) or not is_domain(domain):
            return values  # that is fault enough
        return {
            "address": f"support@{domain}",
            "team_address": f"team@{domain}",
            "alarm_address": f"alarm@{domain}",
            **values,
        }


class Smtp(Section):
    """[smtp]: the door for mail from the world or from the mail server in front."""

    listen: Door | None = Field(
        default=None, description="HOST:PORT; port 0 takes a free one. Without it, no SMTP door."
    )
    role: Literal["border", "behind"] = Field(
        default="border",
        description="border refuses broken mails; behind (another server) keeps and holds them.",
    )
    submission_networks: Networks = Field(
        default=(), description="Networks whose users' own mail is trusted without any proof."
    )
    tls_cert: ConfigPath | None = Field(
        default=None, description="A PEM file with our certificate and its chain: STARTTLS."
    )
    tls_key: ConfigPath | None = Field(default=None, description="The PEM file of its key.")
    hostname: Domain | None = Field(
        default=None, description="The name in our greeting; the domain by default."
    )
    max_size: int = Field(
        default=25_000_000, ge=100_000, le=250_000_000, description="Bytes in one mail."
    )
    connections: int = Field(
        default=500, ge=1, le=20_000, description="Connections at the same time."
    )
    connections_per_address: int = Field(
        default=50, ge=1, le=20_000, description="Of these, from one address of a peer."
    )


class Lmtp(Section):
    """[lmtp]: the door for a mail server on the same machine or network; it keeps and holds."""

    listen: WebDoor | None = Field(
        default=None, description="HOST:PORT or unix:PATH. Without it, no LMTP door."
    )
    socket_group: str = Field(
        default="",
        pattern=r"^([a-z_][a-z0-9_-]{0,31})?$",
        description="The group that may use the unix socket, such as postfix.",
    )
    max_size: int = Field(
        default=25_000_000, ge=100_000, le=250_000_000, description="Bytes in one mail."
    )


class Store(Section):
    """[store]: where everything is kept."""

    url: StoreUrl = Field(
        default="sqlite:///tickets.db",
        validate_default=True,
        description="sqlite:///FILE (journal.db lies beside it) or postgresql+psycopg://...",
    )
    password: SecretReference | None = Field(
        default=None,
        description="PostgreSQL's password; without it, libpq's own ways (PGPASSFILE).",
    )

    @property
    def secret(self) -> str | None:
        """Return the password to connect with, None for none."""
        return self.password.reveal().decode() if self.password is not None else None


class Relay(Section):
    """[relay]: where our own mail goes."""

    url: RelayUrl = Field(
        default="maildir:outgoing",
        validate_default=True,
        description="maildir:DIR, smtp://HOST:PORT, or with TLS smtp+starttls:// or smtps://.",
    )
    second_url: RelayUrl | None = Field(
        default=None, description="Where alarms go while the first one fails."
    )
    user: Text | None = Field(default=None, description="The name that we log in with.")
    password: SecretReference | None = Field(
        default=None, description="Its password; only sent through TLS, or on this machine."
    )
    ca_file: ConfigPath | None = Field(
        default=None, description="PEM file of further authorities that may vouch for the relays."
    )


class Dns(Section):
    """[dns]: who answers our questions."""

    servers: IpAddresses = Field(
        default=(), description="IP addresses of resolvers; those of the system by default."
    )
    port: Port = Field(default=53, description="Their port.")


class Proof(Section):
    """[proof]: what proves a sender."""

    alarm_evidence: Evidence = Field(
        default=("dkim", "smime"), description="What may prove an alarm: dkim, smime."
    )
    alarm_evidence_of: Mapping[Domain, EvidenceOfDomain] = Field(
        default_factory=dict,
        description="The same for mail of a domain and those below it, such as a provider that"
        " signs for all its users; dkim+smime asks for both. It replaces alarm_evidence.",
    )
    min_rsa_bits: int = Field(
        default=2048, ge=1024, le=8_192, description="Shorter DKIM keys prove nothing."
    )
    weak_key_domains: Domains = Field(
        default=(), description="Domains that may still sign with DKIM keys of 1024 bits."
    )
    max_age: Duration = Field(
        default=timedelta(hours=24),
        le=timedelta(days=14),  # signatures that were seen are forgotten after thirty
        description="An alarm signed longer ago is not believed.",
    )
    anchors: ConfigPath | None = Field(
        default=None, description="Trust anchors for S/MIME: a PEM file or an IGTF directory."
    )
    crl: Literal["require", "if-present"] = Field(
        default="require", description="Whether a missing or stale CRL voids a certificate."
    )
    eku: Purposes = Field(
        default=("emailProtection",),
        min_length=1,
        description="One of these an S/MIME certificate must be for: emailProtection, clientAuth.",
    )
    eku_of: Mapping[Subject, Purposes] = Field(
        default_factory=dict,
        description="The same for the certificates of one CA, by its subject; it replaces eku.",
    )
    arc_trusted: Domains = Field(
        default=(), description="Domains of mailing lists whose ARC seal is shown to readers."
    )


class Web(Section):
    """[web]: the pages."""

    listen: WebDoor | None = Field(
        default=None, description="HOST:PORT or unix:PATH. Without it, no pages."
    )
    access: Literal["loopback", "proxy", "everyone"] = Field(
        default="loopback",
        description="Who may read: this machine, whom a proxy lets through, or everyone.",
    )
    watchers: Networks = Field(
        default=(),
        description="Networks that may read /metrics, /alarms and the like, besides this machine.",
    )
    url: PageUrl | None = Field(
        default=None,
        description="The pages as readers of our mails reach them. Without it, mails have links to"
        " files only when everyone may read what listens.",
    )


class Templates(Section):
    """[templates]: the texts of our mails."""

    dir: ConfigPath | None = Field(
        default=None, description="A directory with own texts; those missing in it are built in."
    )
