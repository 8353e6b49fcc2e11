"""What a hostile mail may cost before its signature is read."""

import tracemalloc

from tests.smime.authority import person, signed_mail
from tests.smime.conftest import Pki


def test_a_mail_of_nothing_but_boundaries_costs_little_memory(pki: Pki) -> None:
    mail = signed_mail(person(pki.sub), before=b"--frontier\r\n" * 100_000)
    tracemalloc.start()
    assert "exactly two parts" in pki.judge(mail).detail
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * len(mail), "every part would be an object of its own"
