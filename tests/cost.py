"""What a piece of work may cost in CPU, on any machine and under any load.

A bound in seconds says what it costs on the machine where it was chosen. It is stretched by what a
yardstick costs here, just before and just after: a slow or busy machine slows down both.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time, thread_time

YARD_S = 0.009  # what the yardstick costs where the bounds were chosen


@contextmanager
def costs_less_than(seconds: float) -> Iterator[None]:
    """Fail when the block costs more; what the collector finds of other tests is not counted."""
    before, collects = slowness(), gc.isenabled()
    gc.disable()
    begun_s = process_time()
    try:
        yield
        spent_s = process_time() - begun_s
    finally:
        if collects:
            gc.enable()
    bound_s = seconds * max(before, slowness())
    assert spent_s < bound_s, f"{spent_s:.3f} s of CPU, {bound_s:.3f} s at most"


def slowness() -> float:
    """Return how many times as slow this machine is now; 1 where it is faster."""
    begun_s = thread_time()
    words: dict[str, int] = {}
    for number in range(60_000):
        word = str(number % 1000)
        words[word] = words.get(word, 0) + number
    return max(1.0, (thread_time() - begun_s) / YARD_S)
