"""What a run of the torture driver is to do, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """What a run does: at least `mails` and all `kills`, if `most_s` is enough for them.

    In the mode `clock` there are `tickets` instead, and two daemons if they are `on_postgresql`.
    """

    mails: int
    kills: int
    seed: int
    senders: int = 4
    mode: str = "kill"
    most_s: float = 3600.0
    settle_s: float = 120.0
    tickets: int = 0
    on_postgresql: bool = False


@dataclass
class Verdict:
    """What came of it."""

    plan: Plan
    attempts: Counter[str]
    blows: Counter[str]
    outcomes: Counter[str]
    figures: dict[str, object]
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        """Return it as people read it."""
        rows: list[tuple[str, object]] = [("seed", self.plan.seed), *self.figures.items()]
        rows += [(f"attempts {name}", n) for name, n in sorted(self.attempts.items())]
        rows += [(name, n) for name, n in sorted(self.blows.items())]
        rows += [(f"outcome {name}", n) for name, n in sorted(self.outcomes.items())]
        lines = [f"{name:32} {value}" for name, value in rows]
        lines += [f"VIOLATION {sentence}" for sentence in self.faults]
        verdict = "BROKEN" if self.faults else "all promises kept"
        return "\n".join([*lines, f"{verdict} (seed {self.plan.seed})"])
