"""What a role process is given: its configuration, its desk, its link, and its slot's name."""

from dataclasses import dataclass

from gateway.config.root import Config
from gateway.desk import Desk
from gateway.processes.link import Link


@dataclass(frozen=True, slots=True)
class Post:
    """One slot of a role, ready to begin."""

    config: Config
    desk: Desk
    link: Link
    name: str
