"""What a run of the benchmark does: how often, how much, where."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """`mails` of 4 kB in each round; `tickets` in the full store; `place` is scratch.

    `alarm_rate` is how many a second are followed to a site, and as many bare mails half a pace
    later.

    `bench_home` holds what is installed for the benchmark and stays.
    """

    place: Path
    bench_home: Path
    rounds: int = 5
    mails: int = 2000
    tickets: int = 1_000_000
    seconds: int = 20
    alarm_rate: float = 1.0
    pipelined: bool = True
