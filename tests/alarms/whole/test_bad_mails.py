"""What a hook does with a daemon's own mails when they come wrong: late, twice, changed, astray."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.hook.drain import drain
from tests.alarms.whole.federation import Federation
from tests.hook.site import Signer, Site


@pytest.fixture(scope="module")
def mails(federation: Federation) -> list[bytes]:
    """FIRING and RESOLVED, as the daemon sent them and Postfix delivered them."""
    ticket = federation.raised("T1-PAGER", "It burns.\n.From here\nFrom there.")

    def look() -> list[str]:
        texts = federation.mta.mails("pager@operator.example")
        return [text for text in texts if f"X-Alarm-Id: helpdesk.example/{ticket}\n" in text]

    federation.until(lambda: federation.mails("anna@vo.example", ticket), "Anna is told")
    federation.solved_by_anna(ticket)
    return [text.encode() for text in federation.until(lambda: len(look()) == 2 and look(), "two")]


@pytest.fixture
def site(place: Path, pyz: Path, federation: Federation) -> Site:
    made = Site(place, pyz, federation.signer, helpdesk="helpdesk.example", called=("T1-PAGER",))
    made.write()
    return made


def come(site: Site, *mails: bytes) -> None:
    for raw in mails:
        site.keep_at(raw, site.clock)
    drain(site.hook(), time.monotonic() + 60)


def told(site: Site) -> list[str]:
    """Sequence and status of what was shown."""
    return [" ".join(line.split()[1:3]) for line in site.shown()]


def why(site: Site) -> list[str]:
    """The reasons in quarantine."""
    files = sorted((site.directory / "quarantine").glob("*.why"))
    return [path.read_text() for path in files]


def receipts(site: Site, raw: bytes) -> int:
    """Return how many receipts were sent for this document."""
    document = json.loads(raw[raw.index(b'{\n "schema"') : raw.index(b"\n}\n") + 2])
    said = f"Event: receipt\nSequence: {document['seq']}\n"
    return sum(said in text for text in site.sent(document["reply_to"]))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_as_it_was_sent_it_is_shown_in_both_forms(
    site: Site, mails: list[bytes], line_end: bytes
) -> None:
    for raw in mails:
        come(site, raw.replace(b"\n", line_end))
    assert [line.split(" ")[1] for line in told(site)] == ["firing", "resolved"]
    assert [receipts(site, raw) for raw in mails] == [1, 1]


def test_a_resolved_that_overtakes_its_firing_stays_the_last_word(
    site: Site, mails: list[bytes]
) -> None:
    come(site, mails[1])
    come(site, mails[0])
    assert [line.split(" ")[1] for line in told(site)] == ["resolved"]
    assert why(site) == []
    assert (receipts(site, mails[1]), receipts(site, mails[0])) == (1, 0)


def test_a_mail_that_comes_three_times_pages_once_and_is_received_once(
    site: Site, mails: list[bytes]
) -> None:
    come(site, mails[0], mails[0])
    come(site, mails[0])
    assert [line.split(" ")[1] for line in told(site)] == ["firing"]
    assert receipts(site, mails[0]) == 1
    assert why(site) == []


def test_a_mail_played_again_the_next_day_pages_nobody(site: Site, mails: list[bytes]) -> None:
    for raw in mails:
        come(site, raw)
    before = site.shown()
    site.clock = timedelta(hours=25)
    come(site, mails[0])
    assert site.shown() == before
    assert site.status()["alarms"] == [], "it is over, and stays so"
    assert receipts(site, mails[0]) == 1


def issued_at(raw: bytes) -> datetime:
    """Return when the daemon issued the document of a mail."""
    found = re.search(rb'"issued_at": "([^"]+)"', raw)
    assert found is not None
    return datetime.fromisoformat(found[1].decode())


@pytest.mark.parametrize(("after", "shown"), [
    (timedelta(hours=24, minutes=9), True),
    (timedelta(hours=24, minutes=12), False),
    (timedelta(minutes=-12), False),
])  # fmt: skip
def test_a_hook_that_never_saw_it_takes_it_for_a_day_and_no_longer(
    site: Site, mails: list[bytes], after: timedelta, shown: bool
) -> None:
    site.clock = issued_at(mails[0]) + after - datetime.now(UTC)  # other tests took their time
    come(site, mails[0])
    assert bool(site.shown()) is shown
    if not shown:
        word = "expired" if after > timedelta() else "from the future"
        assert word in why(site)[0]
        assert receipts(site, mails[0]) == 0


def test_a_mail_to_another_site_pages_nobody_here(site: Site, mails: list[bytes]) -> None:
    site.called = ("T1-PAGER-2", "t1-pager")
    site.write()
    come(site, mails[0])
    assert site.shown() == []
    assert "for another site" in why(site)[0]
    assert receipts(site, mails[0]) == 0
    assert "refused, for another site" in site.sent(site.admin)[0]


def test_a_key_that_is_not_pinned_proves_nothing(site: Site, mails: list[bytes]) -> None:
    site.signer = Signer()
    site.write()
    come(site, mails[0])
    assert site.shown() == []
    assert "signed by an unknown key" in why(site)[0]
    assert receipts(site, mails[0]) == 0


def test_no_byte_of_the_document_can_be_changed(site: Site, mails: list[bytes]) -> None:
    raw = mails[0]
    start = raw.index(b'{\n "schema"')
    end = raw.index(b"\n}\n", start) + 2
    assert json.loads(raw[start:end])["site"] == "T1-PAGER"
    places = [*range(start, end, 9), raw.index(b'"seq": ') + 7, raw.index(b'"firing"', start) + 1]
    changed = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in places]
    assert len(set(changed)) == len(places) > 60
    come(site, *changed)
    assert site.shown() == []
    assert len(why(site)) == len(changed)
    assert receipts(site, raw) == 0
    come(site, raw)
    assert len(site.shown()) == 1, "and the true one is believed all the same"
