"""The whole configuration: which sections there are, and which may come several times.

A section that is missing has its defaults; [helpdesk] has none for who we are.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr

from gateway.config.calendars import Calendar, SupportLevel
from gateway.config.federation import Directory, HelpdeskPeer, Member, Roc, Site, Unit, Vo
from gateway.config.imap import Imap
from gateway.config.rules import Alarm, Clock, Keys, Retention, Routing, Work
from gateway.config.sections import (
    Dns,
    Helpdesk,
    Lmtp,
    Proof,
    Relay,
    Section,
    Smtp,
    Store,
    Templates,
    Web,
)
from gateway.config.values import AsTuple


class Config(Section):
    """All sections. `file` is where it was read from; absolute."""

    helpdesk: Helpdesk
    smtp: Smtp = Field(default_factory=Smtp)
    lmtp: Lmtp = Field(default_factory=Lmtp)
    imap: Annotated[tuple[Imap, ...], AsTuple] = ()
    # from an empty table, so that the default paths start at the file's directory too
    store: Store = Field(default_factory=dict, validate_default=True)
    relay: Relay = Field(default_factory=dict, validate_default=True)
    dns: Dns = Field(default_factory=Dns)
    proof: Proof = Field(default_factory=Proof)
    web: Web = Field(default_factory=Web)
    routing: Routing = Field(default_factory=Routing)
    work: Work = Field(default_factory=Work)
    keys: Keys = Field(default_factory=Keys)
    alarm: Alarm = Field(default_factory=Alarm)
    clock: Clock = Field(default_factory=Clock)
    retention: Retention = Field(default_factory=Retention)
    templates: Templates = Field(default_factory=Templates)
    calendar: Annotated[tuple[Calendar, ...], AsTuple] = ()
    support_level: Annotated[tuple[SupportLevel, ...], AsTuple] = ()
    vo: Annotated[tuple[Vo, ...], AsTuple] = ()
    roc: Annotated[tuple[Roc, ...], AsTuple] = ()
    unit: Annotated[tuple[Unit, ...], AsTuple] = ()
    site: Annotated[tuple[Site, ...], AsTuple] = ()
    member: Annotated[tuple[Member, ...], AsTuple] = ()
    helpdesk_peer: Annotated[tuple[HelpdeskPeer, ...], AsTuple] = ()
    directory: Mapping[str, Directory] = Field(default_factory=dict)

    _file: Path = PrivateAttr(default=Path("config.toml"))

    @property
    def file(self) -> Path:
        """Where this configuration was read from, absolute."""
        return self._file
