"""check-config --probe, through a real Postfix into a real Dovecot: stripped passes, else it fails.

Postfix delivers into Dovecot's maildirs; its header_checks are what an operator would write.
"""

import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from postfix import Postfix, why_not
from running import SECRET, Helpdesk, until

from gateway.config.load import load
from gateway.probe import probe
from gateway.proofs.forged import FORMS
from tests.imap.desk import make_desk
from tests.imap.dovecot import Dovecot

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),  # honest without root; red under CI
]
ALL = "/^Authentication-Results:/ IGNORE\n"
# Not what a server should do, but what one is: it looks for its name as it writes it itself.
NAIVE = "/^Authentication-Results: mx.example;/ IGNORE\n"
# A server that says something itself, on top.
SPEAKS = "/^Received:/ PREPEND Authentication-Results: mx.example; none\n"


@dataclass
class Front:
    """A mailbox, the helpdesk that would believe its server's results, and that server's URL."""

    boxes: Dovecot
    user: str
    desk: Helpdesk
    way: str = "smtp://127.0.0.1:1"  # nobody listens there

    def run(self, *words: str) -> tuple[int, str, str]:
        done = self.desk.typed("check-config", *words)
        return done.code, done.out, done.err

    def left(self) -> int:
        """Return how many mails lie in any folder of the mailbox."""
        return sum(self.boxes.count(self.user, name) for name in ("INBOX", "Done", "Refused"))


@pytest.fixture
def alone(place: Path, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch) -> Front:
    """A mailbox with no mail server in front of it."""
    monkeypatch.setenv("TICKETGATE_TEST_SECRET", SECRET)
    (place / "desk").mkdir()
    trusts = {'poll = "2 s"': 'poll = "2 s"\ntrusted_results = "mx.example"'}
    return Front(dovecot, user, make_desk(place / "desk", dovecot.port, user, trusts))


Make = Callable[..., Front]


@pytest.fixture
def front(place: Path, alone: Front) -> Iterator[Make]:
    """Start a Postfix with these header_checks in front of the mailbox."""
    made: list[Postfix] = []

    def make(checks: str, *, delivers: bool = True) -> Front:
        rules = place / "checks"
        rules.write_text(checks)
        rules.chmod(0o644)
        mta = Postfix(
            place / "mta",
            "virtual:",
            {
                "header_checks": f"regexp:{rules}",
                "relay_domains": "",
                "transport_maps": "",
                "virtual_mailbox_domains": "helpdesk.example",
                "virtual_mailbox_base": str(alone.boxes.place / "mail"),
                "virtual_mailbox_maps": f"inline:{{ support@helpdesk.example={alone.user}/ }}",
                "defer_transports": "" if delivers else "virtual",
            },
        )
        made.append(mta)
        mta.start()
        return replace(alone, way=f"smtp://127.0.0.1:{mta.port}")

    yield make
    for one in made:
        one.stop()


def test_a_server_that_takes_them_away_passes_and_nothing_is_left(front: Make) -> None:
    here = front(ALL + SPEAKS)
    code, out, err = here.run("--probe", "--through", here.way)
    assert code == 0, out
    assert f"by way of {here.way}: takes forged results of mx.example away" in err
    assert "trusted_results" not in out
    assert here.left() == 0


def test_a_server_that_writes_no_results_itself_passes_with_a_question(front: Make) -> None:
    here = front(ALL)
    code, out, err = here.run("--probe", "--through", here.way)
    assert (code, "takes forged results" in err) == (0, True), out
    assert "warning: " in out
    assert "mx.example wrote no results above the topmost Received line" in out


def test_a_server_that_does_not_fails_loudly_and_nothing_is_left(front: Make) -> None:
    here = front("")
    code, out, err = here.run("--probe", "--through", here.way)
    assert code == 1
    fault = next(line for line in out.splitlines() if "CAME THROUGH" in line)
    assert fault.startswith(f"{here.desk.config}:")
    assert "imap.trusted_results" in fault
    assert f"A FORGED RESULT OF mx.example CAME THROUGH ({', '.join(FORMS)})" in fault
    assert "header_checks" in fault
    assert "where it is believed" not in fault  # Postfix puts its Received line above it
    assert "takes forged results" not in err
    assert here.left() == 0


def test_a_rule_that_knows_one_spelling_only_fails_with_the_others(front: Make) -> None:
    here = front(NAIVE)
    code, out, _ = here.run("--probe", "--through", here.way)
    assert code == 1
    assert "CAME THROUGH (with a version, with a comment, folded)" in out
    assert here.left() == 0


def test_a_daemon_that_reads_the_mailbox_meanwhile_makes_no_ticket_of_it(front: Make) -> None:
    here = front("")
    here.desk.start()
    try:
        until(lambda: here.desk.words.get("imap"), "the mailbox is read")
        code, out, _ = here.run("--probe", "--through", here.way)
        assert code == 1, out
        assert "CAME THROUGH" in out
        until(lambda: here.left() == 0, "it is gone")
        # the daemon goes on with the next mail, and what it had of the probe is no ticket
        here.boxes.fill(
            here.user, [b"From: anna@physics.example\r\nMessage-ID: <n@x>\r\n\r\nHi.\r\n"]
        )
        until(lambda: any(row["message_id"] == "<n@x>" and row["state"] == "done"
                          for row in here.desk.listing("mails")), "the next mail")  # fmt: skip
        rows = here.desk.listing("mails")
    finally:
        here.desk.stop()
    probes = [row for row in rows if row["message_id"].startswith("<probe.")]
    assert {(row["outcome"], row["ticket"]) for row in probes} <= {("ignored", None)}
    assert len(rows) == len(probes) + 1


def test_a_probe_that_a_daemon_has_filed_away_is_found_and_removed(front: Make) -> None:
    here = front(ALL)
    config = load(here.desk.config)
    elsewhere = config.imap[0].model_copy(update={"folder": "Elsewhere"})  # it is the daemon's
    here.desk.start()
    try:
        said = list(probe(config.model_copy(update={"imap": (elsewhere,)}), [here.way]))
        (row,) = here.desk.settled(1)
    finally:
        here.desk.stop()
    assert isinstance(said[0], str), said
    assert (row["outcome"], row["tickets"]) == ("ignored", [])
    assert here.left() == 0


def test_what_does_not_arrive_in_time_is_no_pass(front: Make) -> None:
    here = front(ALL, delivers=False)
    (said,) = probe(load(here.desk.config), [here.way], arrive_s=0.1)
    assert not isinstance(said, str)
    assert "did not arrive within 0.1 s" in said.message
    assert "leave trusted_results empty" in said.message


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("smtp://127.0.0.1:1", "the probe was not taken: connect"),
        ("nonsense", "relay 'nonsense'"),
    ],
)
def test_what_cannot_be_sent_is_no_pass(alone: Front, way: str, why: str) -> None:
    code, out, _ = alone.run("--probe", "--through", way)
    assert code == 1
    assert why in out


def test_what_could_not_be_read_back_is_not_even_sent(alone: Front) -> None:
    text = alone.desk.config.read_text()
    alone.desk.config.write_text(text.replace(f"port = {alone.boxes.port}", "port = 1"))
    with socket.create_server(("127.0.0.1", 0)) as door:
        way = f"smtp://127.0.0.1:{door.getsockname()[1]}"
        code, out, _ = alone.run("--probe", "--through", way)
        assert not select.select([door], [], [], 0)[0], "nobody came"
    assert code == 1
    assert "cannot be probed: no connection" in out


def test_without_the_option_nothing_is_sent_and_that_is_said(alone: Front) -> None:
    code, out, _ = alone.run()
    assert code == 0
    assert "mx.example is believed; check-config --probe tries whether" in out


def test_without_a_server_to_believe_there_is_nothing_to_probe(alone: Front) -> None:
    text = alone.desk.config.read_text()
    alone.desk.config.write_text(text.replace('trusted_results = "mx.example"', ""))
    code, out, err = alone.run("--probe")
    assert (code, "nothing to probe" in err, "trusted_results" in out) == (0, True, False)
