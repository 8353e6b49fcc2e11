"""The federation in the configuration: VOs, ROCs, units, sites, members, peers and directories.

A federation may stand here by hand, come from directories, or both. As in config_sections, the
fields are the manual. Names are compared without regard to case everywhere.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gateway.config.secrets import SecretReference
from gateway.config.sections import Evidence, Section
from gateway.config.values import (
    Addresses,
    AlarmSteps,
    AsSet,
    AsTuple,
    ConfigPath,
    Duration,
    Subjects,
    Text,
    Texts,
)

CERTIFICATIONS = (  # GOCDB's words and OIM's
    "Candidate",
    "Uncertified",
    "Certified",
    "Suspended",
    "Closed",
    "enabled",
    "disabled",
)
_SPELT = {word.lower(): word for word in CERTIFICATIONS}
Certification = Annotated[
    Literal["Candidate", "Uncertified", "Certified", "Suspended", "Closed", "enabled", "disabled"],
    BeforeValidator(lambda text: _SPELT.get(text.lower(), text) if isinstance(text, str) else text),
]
RoleName = Literal["team", "alarm", "support", "multisite"]


def _one_line(value: Any) -> Any:
    """Return a name with single spaces inside, as names are compared."""
    return " ".join(value.split()) if isinstance(value, str) else value


Name = Annotated[Text, BeforeValidator(_one_line)]


class Vo(Section):
    """[[vo]]: a virtual organisation."""

    name: Name = Field(description="Its name, as in the VO field of a mail.")


class Responsible(Section):
    """What [[roc]] and [[unit]] have in common: who is responsible for tickets."""

    name: Name = Field(description="Its name.")
    address: Addresses = Field(default=(), description="Its mailing list.")
    supporters: Addresses = Field(
        default=(), description="People whose proven replies may change its tickets."
    )
    calendar: str = Field(
        default="", description="The [[calendar]] of its working time; that of [clock] otherwise."
    )
    support_level: Text = Field(
        default="default", description="How soon it responds: a name of [[support_level]]."
    )
    digest: bool = Field(
        default=True, description="Whether it gets a daily digest, if [clock] digest is on."
    )


class Roc(Responsible):
    """[[roc]]: a regional operations centre, responsible for its sites' tickets."""

    address: Addresses = Field(
        default=(), description="Its helpdesk's mailbox or list; may come from a directory."
    )


class Unit(Responsible):
    """[[unit]]: a support unit: a mailing list of supporters."""

    name: Name = Field(description="Its name, as in the `Assign to` line of a mail.")
    address: Addresses = Field(min_length=1, description="Its mailing list.")
    helpdesk: str = Field(
        default="", description="The [[helpdesk_peer]] behind its address, if it is one."
    )


class Site(Section):
    """[[site]]: a computing site."""

    name: Name = Field(description="Its name in the federation's directory.")
    aliases: Texts = Field(default=(), description="Other names that people use for it.")
    roc: Annotated[str, BeforeValidator(_one_line)] = Field(
        default="",
        max_length=200,
        description="The [[roc]] that is responsible for it; may come from a directory.",
    )
    tier: int | None = Field(default=None, ge=0, le=3, description="Its tier, 0 to 3.")
    certification: Certification = Field(
        default="Certified", description="Tickets go to Certified or enabled sites only."
    )
    contact: Addresses = Field(default=(), description="Its administrators.")
    alarm_address: Addresses = Field(
        default=(),
        description="Who is woken by an alarm, the contact if nobody; {vo} is the VO's name.",
    )
    alarm_vos: Texts = Field(
        default=(), description="VOs whose alarms it takes; tier 0 and 1 take every VO's."
    )
    receipt: Literal["auto", "expected", "none"] = Field(
        default="auto",
        description="Whether its alarm hook confirms each alarm; auto learns it from the first.",
    )
    resolve: Literal["comment", "solve"] = Field(
        default="comment", description="What its monitoring's recovery does to the ticket."
    )
    alarm_steps: AlarmSteps = Field(
        default=(), description="What an unanswered alarm does here, if not what [alarm] steps say."
    )


class Member(Section):
    """[[member]]: a person in a VO, and what the VO lets this person do."""

    name: Name = Field(description="The person's name.")
    addresses: Addresses = Field(default=(), description="Mail addresses of the person.")
    certificates: Subjects = Field(
        default=(), description="Subjects of the person's certificates, as /DC=org/.../CN=Name."
    )
    issuers: Subjects = Field(
        default=(), description="CAs of these certificates, by subject; empty: any trusted one."
    )
    vo: str = Field(default="", description="The [[vo]] that gives the roles.")
    roles: Annotated[frozenset[RoleName], AsSet] = Field(
        default=frozenset(), description="team, alarm, support, multisite."
    )
    alarm_sites: Texts = Field(
        default=(), description="Sites that the person may alarm; all of the VO's when empty."
    )
    alarm_evidence: Evidence = Field(
        default=("dkim", "smime"), description="What may prove this person's alarms."
    )


class HelpdeskPeer(Section):
    """[[helpdesk_peer]]: another helpdesk that we exchange mail with."""

    name: Name = Field(description="Its name, as in `helpdesk` of a unit.")
    subject_tag: str = Field(
        default="", max_length=80, description="What stands before its numbers in subjects."
    )
    address: Addresses = Field(min_length=1, description="Where its mail comes from.")


class Directory(Section):
    """[directory.NAME]: a source of sites or members that is read again and again."""

    kind: Literal["gocdb", "topology", "voms", "iam", "file"] = Field(
        description="What it is, and so how it is read."
    )
    url: Text = Field(
        description="Its address (https), for VOMS-Admin with the VO in it; a path for a file."
    )
    every: Duration = Field(default=timedelta(hours=24), description="How often it is read.")
    vo: str = Field(default="", description="The [[vo]] whose members it lists (voms, iam).")
    team: Texts = Field(
        default=(), description="Groups or FQANs of the VO's team; /VO/team by default."
    )
    alarm: Texts = Field(
        default=(), description="Groups or FQANs of the VO's alarmers; /VO/alarm by default."
    )
    reads: Annotated[tuple[Literal["sites", "rocs", "downtimes"], ...], AsTuple] = Field(
        default=("sites", "rocs", "downtimes"), description="What of it is read (gocdb)."
    )
    scope: str = Field(
        default="", max_length=200, description="Only sites of these scopes, such as EGI,wlcg."
    )
    exclude: Annotated[tuple[Certification, ...], AsTuple] = Field(
        default=("Closed",), description="Sites of these certifications are not read (gocdb)."
    )
    roc: str = Field(
        default="", max_length=200, description="The [[roc]] of all its sites (topology)."
    )
    certificate: ConfigPath | None = Field(
        default=None, description="Our client certificate (PEM) for it."
    )
    key: SecretReference | None = Field(default=None, description="The certificate's key (PEM).")
    token: SecretReference | None = Field(default=None, description="A bearer token for it.")
    ca_file: ConfigPath | None = Field(
        default=None, description="PEM file of the authorities that vouch for it, and no others."
    )
    timeout: Duration = Field(
        default=timedelta(seconds=60), description="How long one answer may take."
    )
    max_shrink: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="The part of a list that may be missing without a person's consent.",
    )
