"""Figures: rounds of A and B in turn, ratios of each round, and the table."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `held` is None when there is nothing to reach or nothing was run."""

    row: str
    what: str
    got: str
    reach: str = ""
    held: bool | None = None
    note: str = ""


HEADINGS = ("row", "what", "measured: median (least to most)", "reach", "", "in this run")


def ratio_figure(
    row: str,
    what: str,
    reach: float | None,
    rounds: int,
    *,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    unit: str = " mails/s",
) -> Figure:
    """Measure mails a second, or `unit`, of both in turn; compare by round.

    The order changes each round.
    """
    pairs = []
    for turn in range(rounds):
        if turn % 2:
            b = theirs()
            a = ours()
        else:
            a = ours()
            b = theirs()
        pairs.append((a, b))
    ratios = [a / b for a, b in pairs]
    middle = median(ratios)
    rates = [median(side) for side in zip(*pairs, strict=True)]
    return Figure(
        row,
        what,
        f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        "" if reach is None else f">= {reach:.2f}",
        None if reach is None else middle >= reach,
        f"{rates[0]:.0f} and {rates[1]:.0f}{unit}",
    )


def bound_figure(row: str, what: str, values: list[float], most: float, unit: str) -> Figure:
    """Judge the median of some values by an upper bound."""
    middle = median(values)
    spread = f"{middle:.0f} {unit} ({min(values):.0f} to {max(values):.0f})"
    return Figure(row, what, spread, f"<= {most:.0f} {unit}", middle <= most)


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    verdict = {None: "", True: "yes", False: "NO"}
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---" * len(HEADINGS) + "|"]
    lines += [
        f"| {f.row} | {f.what} | {f.got} | {f.reach} | {verdict[f.held]} | {f.note} |"
        for f in figures
    ]
    return "\n".join(lines)
