"""`explain` of a mail as if it lay in a mailbox whose server's results are believed."""

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.warm import Done, run_program

SERVER = "mx.example"
RESULTS = (
    f"Authentication-Results: {SERVER}; dkim=pass header.d=vo.example;"
    " dmarc=pass header.from=vo.example"
)
RECEIVED = "Received: from mx.vo.example by {}; Wed, 25 Nov 2026 10:00:00 +0000"
MAIL = """\
From: Alba Alarm <alba@vo.example>
To: list@vo.example
Subject: A test
Date: {}
Message-ID: <t1@vo.example>

Site: FJELL-LCG2

It works.
"""
MAILBOX = f"""
[[imap]]
host = "imap.example"
user = "helpdesk"
password = {{ file = "secret" }}
address = "team@helpdesk.example"
trusted_results = "{SERVER}"
"""


@pytest.fixture
def explain(tmp_path: Path) -> Run:
    """Explain a mail with these lines above MAIL, by a configuration with one mailbox."""
    run_program("init", tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + MAILBOX)

    def explained(*args: str, above: tuple[str, ...] = ()) -> Done:
        raw = "\n".join((*above, MAIL.format(format_datetime(datetime.now(UTC)))))
        return run_program("explain", "--config", config, *args, "-", stdin=raw.encode())

    return explained


@pytest.mark.parametrize("named", ["helpdesk@imap.example/INBOX", "team@helpdesk.example"])
def test_the_results_of_its_server_count(explain: Run, named: str) -> None:
    above = (RESULTS, RECEIVED.format(SERVER))
    out = explain("--mailbox", named, above=above).out
    assert out.startswith("to team@helpdesk.example, from <alba@vo.example>\n")
    assert "as read from the mailbox helpdesk@imap.example/INBOX\n" in out
    assert "authentication-results=pass alba@vo.example, for From" in out
    assert "(counts as: authentication-results)\n  registered as: nobody\n" in out


def test_results_below_a_later_received_line_count_for_nothing_and_it_is_said(explain: Run) -> None:
    above = (RECEIVED.format("lmtp.example"), RESULTS, RECEIVED.format(SERVER))
    out = explain("--mailbox", "team@helpdesk.example", above=above).out
    assert "stands below a Received line" in out
    assert "(counts as: nobody)" in out


def test_without_the_mailbox_they_are_no_proof(explain: Run) -> None:
    out = explain(above=(RESULTS, RECEIVED.format(SERVER))).out
    assert "authentication-results" not in out


def test_a_mailbox_that_is_not_configured_is_a_sentence(explain: Run) -> None:
    done = explain("--mailbox", "x@y.example")
    assert (done.code, done.out) == (3, "")
    assert "helpdesk@imap.example/INBOX" in done.err


def test_a_mailbox_has_no_peer(explain: Run) -> None:
    assert explain("--mailbox", "team@helpdesk.example", "--peer", "192.0.2.1").code == 2
