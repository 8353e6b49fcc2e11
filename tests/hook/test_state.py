"""What is remembered, when the disk gives back something else."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway.hook.alarm_state import applied, read_state, write_state
from gateway.hook.disk import claimed, locked, write_file
from gateway.hook.drain import drain
from parsers.alarm_document import write_alarm
from parsers.errors import Deferred
from tests.hook.site import HELPDESK, Site, alarm, utc

KEY = f"{HELPDESK}/900001"


def go(site: Site) -> None:
    drain(site.hook(), time.monotonic() + 20)


def state_file(site: Site) -> Path:
    return site.directory / "alarms" / KEY.replace("/", ",") / "state.json"


@pytest.mark.parametrize("damage", [b"", b"\0" * 500, b"{", b"[]", b'{"key": 1}', b"null"])
def test_a_broken_state_is_set_aside_aloud_and_built_anew(site: Site, damage: bytes) -> None:
    site.keep(site.signer.mail(alarm(1)))
    go(site)
    site.keep(site.signer.mail(alarm(2)))
    go(site)
    state_file(site).write_bytes(damage)
    go(site)
    assert [line.split()[1] for line in site.shown()] == ["1", "2", "2"]
    assert "broken state" in site.sent("admin@site.example.com")[0]
    aside = list(state_file(site).parent.glob("state.json.broken-*"))
    assert [path.read_bytes() for path in aside] == [damage]
    site.keep(site.signer.mail(alarm(3)))
    go(site)
    assert site.shown()[-1].split()[1] == "3"
    assert len(list(state_file(site).parent.glob("state.json.broken-*"))) == 1


def test_a_lost_state_still_refuses_what_was_applied(site: Site) -> None:
    one, two = site.signer.mail(alarm(1)), site.signer.mail(alarm(2))
    site.keep(one)
    site.keep(two)
    go(site)
    state_file(site).unlink()
    site.keep(one)
    go(site)
    assert site.shown()[-1].split()[1] == "2"
    assert site.names("quarantine") == []


def test_a_state_reads_back_as_it_was_written() -> None:
    first = applied(None, KEY, write_alarm(alarm(1)), utc(), ["a", "b"])
    state = applied(first, KEY, write_alarm(alarm(2)), utc(), ["a"]).with_answer("receipt:1")
    assert read_state(write_state(state)) == state
    assert (state.seq, state.episode) == (2, 1)
    assert len(state.nonces) == 2


def test_a_lock_is_not_waited_for_without_end(place: Path) -> None:
    with locked(place / "lock"), pytest.raises(Deferred), locked(place / "lock", 0.1):
        pass
    with locked(place / "lock", 0):
        pass


def test_a_lock_is_free_when_its_process_was_killed(place: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from gateway.hook.disk import locked\n"
        f"with locked(Path('{place}/lock')): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Deferred), locked(place / "lock", 0.1):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with locked(place / "lock", 5):
        pass


def test_a_claim_is_for_one_and_only_while_the_file_is_there(place: Path) -> None:
    path = place / "mail"
    path.write_bytes(b"x")
    with claimed(path) as first, claimed(path) as second:
        assert (first, second) == (True, False)
    path.unlink()
    with claimed(path) as gone:
        assert gone is False


def test_a_file_that_cannot_be_written_whole_is_not_there(tiny_disk: None, site: Site) -> None:
    del tiny_disk
    path = site.directory / "file"
    write_file(path, b"old")
    with pytest.raises(OSError, match="No space"):
        write_file(path, b"x" * 1_000_000)
    assert path.read_bytes() == b"old"
    assert site.names("") == ["file"]


def test_many_mails_by_many_processes_are_all_applied_once(site: Site) -> None:
    mails = [
        site.signer.mail(alarm(1, alarm_id=f"{HELPDESK}/{n}", ticket=str(n))) for n in range(8)
    ]
    threads = [threading.Thread(target=site.deliver, args=(raw,)) for raw in [*mails, *mails]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.run("flush")
    assert sorted(line.split()[0] for line in site.shown()) == sorted(
        f"{HELPDESK}/{n}" for n in range(8)
    )
    assert site.events() == ["receipt"] * 8


def test_documents_of_one_alarm_that_overtake_each_other_never_go_back(site: Site) -> None:
    mails = [site.signer.mail(alarm(seq)) for seq in range(1, 11)]
    order = [7, 2, 9, 0, 5, 8, 1, 6, 3, 4]
    threads = [threading.Thread(target=site.deliver, args=(mails[n],)) for n in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.run("flush")
    seqs = [int(line.split()[1]) for line in site.shown()]
    assert seqs == sorted(set(seqs))
    assert seqs[-1] == 10
    assert site.names("quarantine") == []
    receipts = [line for text in site.sent() for line in text.split("\n") if "Sequence" in line]
    assert sorted(set(receipts)) == sorted(receipts)
    assert "Sequence: 10" in receipts
