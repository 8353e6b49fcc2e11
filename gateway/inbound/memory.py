"""Memory of a process that holds big mails for a moment: give it back to the system at once.

glibc raises its limit for "big" with each big block that is freed, and then keeps such blocks: a
door that had four mails of 25 MB in hand would hold hundreds of MB for ever. A fixed limit ends
that (mallopt(3), M_MMAP_THRESHOLD). Other C libraries are left alone.
"""

import ctypes
from contextlib import suppress

BIG_BLOCK_BYTES = 1024 * 1024
_M_MMAP_THRESHOLD = -3  # malloc.h


def give_big_blocks_back() -> None:
    """Fix the size from which a block is returned to the system when it is freed."""
    with suppress(OSError, AttributeError):  # no glibc, no mallopt
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, BIG_BLOCK_BYTES)
