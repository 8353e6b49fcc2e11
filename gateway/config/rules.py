"""The sections of the configuration that are rules: limits, keys, clocks and how long we keep.

Every limit has its number here. As in config_sections, the fields are the manual.
"""

import os
from datetime import timedelta
from typing import Literal

from pydantic import Field

from gateway.config.calendars import WorkingHours
from gateway.config.secrets import SecretReference
from gateway.config.sections import Section
from gateway.config.signingkeys import Ed25519KeyReference, RsaKeyReference
from gateway.config.steps import (
    ResponseSteps,
    SolutionSteps,
    SolvedSteps,
    WaitingSteps,
    read_steps,
)
from gateway.config.values import AlarmSteps, ConfigPath, Domain, Duration
from router.timers import Process, Steps

_SELECTOR = r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?)?$"


class Routing(Section):
    """[routing]: where a mail goes, and the bounds on what it may cause."""

    unproven: Literal["first-line", "route"] = Field(
        default="first-line",
        description="Mail of unproven senders: held at first line, or routed like any other.",
    )
    max_cc: int = Field(
        default=10, ge=0, le=100, description="People that one mail may bring into a ticket."
    )
    max_hops: int = Field(
        default=30, ge=5, le=100, description="More Received lines than this: held as a loop."
    )
    receipts_per_hour: int = Field(
        default=20, ge=0, le=10_000, description="Receipts for one address in an hour."
    )
    held_notices_per_hour: int = Field(
        default=20, ge=1, le=10_000, description="Notices of held alarms to first line in an hour."
    )
    loop_mails: int = Field(
        default=5, ge=1, le=1000, description="Mails of one sender to one ticket that are a loop."
    )
    loop_mails_proven: int = Field(
        default=30,
        ge=1,
        le=1000,
        description="The same for a proven person; never fewer than loop_mails.",
    )
    loop_window: Duration = Field(
        default=timedelta(minutes=10), description="The time in which these mails come."
    )
    notice_chars: int = Field(
        default=4000, ge=200, le=100_000, description="Characters of a text shown in a notice."
    )
    subject_chars: int = Field(
        default=255, ge=40, le=900, description="Characters of a ticket's subject."
    )


class Work(Section):
    """[work]: the processes that read and decide."""

    processes: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=256,
        description="How many of them; the number of cores by default.",
    )


class Keys(Section):
    """[keys]: what signs our own mail. Without keys it goes out unsigned."""

    alarm_key: Ed25519KeyReference | None = Field(
        default=None, description="The Ed25519 key (PEM) that signs alarms for the sites' hooks."
    )
    smime_cert: ConfigPath | None = Field(
        default=None, description="The robot certificate (PEM) that signs alarm mails."
    )
    smime_key: SecretReference | None = Field(default=None, description="Its key (PEM).")
    dkim_domain: Domain | None = Field(
        default=None, description="The domain that signs all our mail; [helpdesk] domain else."
    )
    dkim_selector: str = Field(
        default="", pattern=_SELECTOR, description="The selector of its key."
    )
    dkim_key: RsaKeyReference | None = Field(
        default=None, description="The RSA key (PEM), 2048 bits or more."
    )
    dkim_ed25519_selector: str = Field(
        default="", pattern=_SELECTOR, description="The selector of a second signature's key."
    )
    dkim_ed25519_key: Ed25519KeyReference | None = Field(
        default=None, description="The Ed25519 key (PEM) that signs beside the RSA key."
    )
    dkim_other_selector: str = Field(
        default="",
        pattern=_SELECTOR,
        description="For a rotation: the selector of the key that comes next, or came before.",
    )
    dkim_other_key: RsaKeyReference | None = Field(
        default=None,
        description="That key (PEM). It does not sign; `ticketgate keys show` publishes it too.",
    )


class Alarm(Section):
    """[alarm]: how hard we try to be heard."""

    receipt_within: Duration = Field(
        default=timedelta(minutes=10),
        description="How long a site's hook may take to confirm an alarm, where there is one.",
    )
    answer_within: Duration = Field(
        default=timedelta(minutes=30),
        description="How long a site may take to answer, before each of the steps below.",
    )
    steps: AlarmSteps = Field(
        default=("again", "contact", "roc", "first-line"),
        description="What is done one by one while nobody answers.",
    )
    on_sign_failure: Literal["send", "hold"] = Field(
        default="send", description="What happens to an alarm mail that could not be signed."
    )


class Clock(WorkingHours):
    """[clock]: working time where no [[calendar]] is named, and the steps that it brings."""

    response: ResponseSteps = Field(
        default=("75 % unit", "100 % unit", "5 wd unit", "10 wd first-line"),
        description="What is done while nobody takes a ticket: after a share of the limit, or"
        " working days after the step before; who is told.",
    )
    solution: SolutionSteps = Field(
        default=("75 % unit", "100 % unit", "10 wd first-line"),
        description="The same while a ticket is in progress; only where its unit has a limit.",
    )
    waiting: WaitingSteps = Field(
        default=("5 wd submitter", "5 wd submitter", "5 wd first-line"),
        description="The same while its submitter is waited for.",
    )
    solved: SolvedSteps = Field(
        default=("10 wd close",), description="The same after it was solved or set unsolved."
    )
    digest: bool = Field(
        default=True,
        description="Whether each unit is told once, when its working day begins, what it has to"
        " do; nothing when there is nothing.",
    )

    def steps(self) -> Steps:
        """Return the steps of each process as the lower floors know them."""
        return {
            Process.RESPONSE: read_steps(self.response),
            Process.SOLUTION: read_steps(self.solution),
            Process.WAITING: read_steps(self.waiting),
            Process.SOLVED: read_steps(self.solved),
        }


class Retention(Section):
    """[retention]: how long rows stay that no ticket needs."""

    refusals: Duration = Field(
        default=timedelta(days=30), description="What was refused at the doors, and why."
    )
    sent: Duration = Field(
        default=timedelta(days=400), description="Outgoing mails after they were sent."
    )
