"""CPU of proving one sender, and of signing one mail of ours, with everything already known to DNS.

    .venv/bin/python tests/bench/proving.py --mails 640

A mail of 4 kB from an outside server, signed (rsa-sha256, 2048 bits, relaxed), its domain with a
DMARC and an SPF record on a real nsd; the first mail of each row warms the memory of the look-up.
Prints milliseconds of CPU of this process, all threads, for each mail: median of five rounds.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from gateway.outbound.signing import Signer, ed25519_key, rsa_key  # noqa: E402 - the path above
from gateway.proofs.collect import Provers, ToProve, prove  # noqa: E402 - the same
from gateway.proofs.dns import Lookup  # noqa: E402 - the same
from gateway.proofs.provers import provers_of  # noqa: E402 - the same
from tests.ports import free_port  # noqa: E402 - the same
from tests.proofs import keys  # noqa: E402 - the same
from tests.proofs.conftest import ZONES  # noqa: E402 - the same
from tests.proofs.mails import NOW, configured, envelope, mail  # noqa: E402 - the same
from tests.proofs.nameserver import NameServer  # noqa: E402 - the same

ROUNDS = 5
BATCH = 64
TEXT = "A line of the report that the shift wrote about it, as they all are.\r\n"


def proved(raw: bytes, provers: Provers, mails: int, batch: int) -> None:
    """Prove a mail again and again, `batch` at once."""
    one = ToProve(raw, envelope(), "ada@vo.example")

    async def all_of_them() -> None:
        for _ in range(0, mails, batch):
            await asyncio.gather(*(prove(one, provers, NOW) for _ in range(batch)))

    asyncio.run(all_of_them())


def measured(work: Callable[[int], None], mails: int) -> str:
    """Return the milliseconds of CPU for each mail."""
    work(BATCH)
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(mails)
        rounds.append((time.process_time() - began) * 1000 / mails)
    return f"{statistics.median(rounds):6.2f} ms ({min(rounds):.2f} to {max(rounds):.2f})"


def main() -> None:
    """Measure every row and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mails", type=int, default=640, help="in each round")
    mails = parser.parse_args().mails
    body = TEXT * (4_096 // len(TEXT))
    raw = mail(body=body, MIME_Version="1.0", Content_Type="text/plain; charset=utf-8")
    h = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
    signed, ed = keys.signed(raw, h=h), keys.signed(raw, h=h, s="ed", a="ed25519-sha256")
    five = b"".join(keys.signature(raw, h=h) for _ in range(5)) + raw
    rsa, both = rsa_key("s1", keys.rsa_key()), ed25519_key("ed", keys.ed25519_pem())
    at_home = Signer("vo.example", [rsa])
    twice = Signer("vo.example", [rsa, both])
    server = NameServer({"vo.example": ZONES["vo.example"]()}, free_port())  # type: ignore[misc]
    try:
        with tempfile.TemporaryDirectory() as place:
            provers = provers_of(configured(Path(place)), Lookup(["127.0.0.1"], server.port))
            rows: dict[str, Callable[[int], None]] = {
                "signed (rsa), one by one": lambda n: proved(signed, provers, n, 1),
                "signed (rsa), 64 at once": lambda n: proved(signed, provers, n, BATCH),
                "signed (ed25519), one by one": lambda n: proved(ed, provers, n, 1),
                "five signatures, one by one": lambda n: proved(five, provers, n, 1),
                "not signed, one by one": lambda n: proved(raw, provers, n, 1),
                "we sign (rsa)": lambda n: [at_home.signed(raw, NOW) for _ in range(n)] and None,
                "we sign (rsa and ed25519)": lambda n: (
                    [twice.signed(raw, NOW) for _ in range(n)] and None
                ),
            }
            for name, work in rows.items():
                sys.stdout.write(f"{name:32} {measured(work, mails)}\n")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
