"""The operator's pages of alarms and drills: what they say, to whom, whatever the mails said."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from stage import Stage
from starlette.testclient import TestClient

from gateway.web import watching
from gateway.web.access import Access
from gateway.web.alarms import ALARMS_AT_MOST, LAST_S, Paged, alarm_pages
from gateway.web.app import Source, make_app
from parsers.errors import Deferred
from router.decision import Command
from router.tokens import Keyring
from store.alarm_listing import AlarmRow, DrillRow, alarms, drills

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ROW = AlarmRow(
    ticket=100001, site="FZK-LCG2", vo="atlas", status="assigned", mode="actual", drill="", steps=2,
    paged_at=NOW, receipt_at=NOW + timedelta(seconds=4), answered_at=None, answered_by="",
    recovered_at=None, over_at=None, subject="SRM down",
)  # fmt: skip
ANSWERED = {"answered_at": NOW + timedelta(minutes=5, seconds=5), "answered_by": "Olga at pic"}
DRILL = (
    replace(ROW, drill="march", mode="exercise"),
    replace(ROW, drill="march", mode="exercise", ticket=100002, site="pic", **ANSWERED),
)
DRILLS = (DrillRow("march", NOW, 2, 1, 0),)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>ours",
    "\x1b[31mred\u202egpj.exe\x00",
    "&lt;b&gt; &#60;i&#62;",
    "javascript:alert(1)",
    "{{7*7}} %s {0}",
)
HERE, WATCHER, WORLD = ("127.0.0.1", 1), ("192.0.2.7", 1), ("198.51.100.9", 1)


class Read(HTMLParser):
    """A page as a browser takes it: its elements, its links, the cells of its tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.rows: list[list[str]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n")


Client = Callable[..., TestClient]


@pytest.fixture
def client() -> Iterator[Client]:
    """Make clients; each lives in one event loop, as the pages do."""
    with ExitStack() as opened:

        def make(
            listed: Sequence[AlarmRow] = (ROW,),
            known: Sequence[DrillRow] = DRILLS,
            of_drill: Sequence[AlarmRow] = DRILL,
            access: Access | None = None,
            peer: tuple[str, int] = HERE,
            **changes: Any,
        ) -> TestClient:
            paged = Paged(lambda: listed, lambda: known, lambda _name: of_drill)
            keys = Keyring((b"k" * 32,))
            source = Source("Desk", {}, dict, dict, lambda _m, _i: None, keys, lambda: NOW)
            routes = alarm_pages(replace(paged, **changes))
            app = make_app(source, access or Access(), routes)
            made = TestClient(app, raise_server_exceptions=False, client=peer)
            return opened.enter_context(made)

        yield make


def test_open_alarms_are_listed_with_how_far_each_has_come(client: Client) -> None:
    other = replace(ROW, ticket=100000, related="slave #100002", **ANSWERED)
    answer = client((ROW, other)).get("/alarms")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    heads, first, second = Read(answer.text).rows
    assert heads == ["Ticket", "Site", "VO", "Status", "Paged (UTC)", "Receipt", "Answer",
                     "Answered by", "Recovered", "Steps", "Related", "Subject"]  # fmt: skip
    assert first == ["100001", "FZK-LCG2", "atlas", "assigned", "2026-03-02 10:00:00",
                     "0 min 04 s", "never", "", "never", "2", "", "SRM down"]  # fmt: skip
    assert second[10] == "slave #100002"
    assert second[6:8] == ["5 min 05 s", "Olga at pic"]


def test_no_alarm_and_no_drill_are_said_in_words(client: Client) -> None:
    pages = client((), ())
    assert "No alarm is open." in pages.get("/alarms").text
    assert "None so far." in pages.get("/drills").text
    assert "<table" not in pages.get("/alarms").text + pages.get("/drills").text


def test_a_list_that_is_cut_says_so(client: Client) -> None:
    cut = f"Only the newest {ALARMS_AT_MOST} are shown."
    assert cut in client([ROW] * ALARMS_AT_MOST).get("/alarms").text
    assert cut not in client([ROW] * (ALARMS_AT_MOST - 1)).get("/alarms").text


def test_drills_lead_to_their_reports_and_those_to_their_tables(client: Client) -> None:
    pages = client()
    read = Read(pages.get("/drills").text)
    assert read.rows[1] == ["march", "2026-03-02 10:00:00", "2", "1", "0"]
    assert "/drills/march" in read.links
    report = pages.get("/drills/march")
    read = Read(report.text)
    assert read.rows == [
        ["Site", "Ticket", "Receipt", "Answer", "Answered by", "Over", "Steps"],
        ["FZK-LCG2", "100001", "0 min 04 s", "never", "", "never", "2"],
        ["pic", "100002", "0 min 04 s", "5 min 05 s", "Olga at pic", "never", "2"],
    ]
    assert "Nobody answered at: FZK-LCG2." in read.words
    assert "/drills/march.csv" in read.links
    table = pages.get("/drills/march.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'attachment; filename="march.csv"' in table.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert [(x["site"], x["answer_s"], x["answered_by"]) for x in lines] == [
        ("FZK-LCG2", "", ""), ("pic", "305", "Olga at pic"),
    ]  # fmt: skip
    assert "Every site answered." in client(of_drill=DRILL[1:]).get("/drills/march").text


@pytest.mark.parametrize(
    "path",
    [
        "/drills/april", "/drills/april.csv", "/drills/.csv", "/drills/march.CSV",
        "/drills/march/x", "/drills/%2e%2e%2fmarch", "/drills/march%00", "/alarms/100001",
    ],
)  # fmt: skip
def test_what_is_no_drill_is_not_found_and_the_store_is_not_asked_for_it(
    client: Client, path: str
) -> None:
    asked: list[str] = []
    pages = client(drill=lambda name: asked.append(name) or DRILL)
    assert pages.get(path).status_code == 404
    assert asked == []


def test_a_drill_whose_name_ends_like_a_table_is_shown_too(client: Client) -> None:
    pages = client(known=(*DRILLS, DrillRow("march.csv", NOW, 2, 1, 0)))
    assert pages.get("/drills/march.csv").headers["content-type"].startswith("text/html")
    assert pages.get("/drills/march.csv.csv").headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_came_by_mail_is_text_and_nothing_else(client: Client, text: str) -> None:
    bad = {"site": text, "vo": text, "answered_by": text, "subject": text, "status": text}
    row = replace(ROW, answered_at=NOW, **bad)  # type: ignore[arg-type]
    tame = replace(ROW, answered_at=NOW)
    known = (DrillRow("march", NOW, 1, 1, 0), DrillRow(text.replace("/", ""), NOW, 1, 1, 0))
    good = client((tame,), (DRILLS[0], DRILLS[0]), (tame,))
    pages = client((row,), known, (row,))
    shown = "".join(c if c.isprintable() else " " for c in text)
    for path in ("/alarms", "/drills", "/drills/march"):
        read, usual = Read(pages.get(path).text), Read(good.get(path).text)
        assert read.tags == usual.tags, "the same elements, whatever the words are"
        assert all(link.startswith("/") and not link.startswith("//") for link in read.links)
        if path != "/drills":
            assert shown in read.rows[1], (path, read.rows)
    answer = pages.get("/alarms")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert not any(char in answer.text for char in "\x1b\x00\u202e")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "\x00="])
def test_no_cell_of_the_table_is_a_formula_or_ends_its_row(client: Client, start: str) -> None:
    bad = replace(DRILL[1], answered_by=f'{start}HYPERLINK("x","y")\r\n,,"', site=f"{start}1")
    (line,) = csv.DictReader(io.StringIO(client(of_drill=(bad,)).get("/drills/march.csv").text))
    assert line["answered_by"].startswith("'")
    assert line["site"].startswith("'")
    assert set(line["answered_by"]).isdisjoint("\r\n\t\x00")


PAGES = ("/alarms", "/alarms/", "/drills", "/drills/march", "/drills/march.csv", "/drills/x/y")


@pytest.mark.parametrize(
    ("mode", "peer", "watches"),
    [
        ("loopback", HERE, True),
        ("loopback", WATCHER, True),
        ("loopback", WORLD, False),
        ("proxy", HERE, False),
        ("proxy", WATCHER, True),
        ("everyone", HERE, True),
        ("everyone", WORLD, False),
    ],
)
def test_they_are_for_whom_the_operators_pages_are(
    client: Client, mode: Any, peer: tuple[str, int], *, watches: bool
) -> None:
    pages = client(access=Access(mode, (ip_network("192.0.2.0/24"),)), peer=peer)
    for path in PAGES:
        assert (pages.get(path).status_code == 403) != watches, path
        passed = pages.get(path, headers={"X-Forwarded-For": "192.0.2.7"})
        assert passed.status_code == 403, path


def test_a_store_that_cannot_be_read_says_nothing_of_why(client: Client) -> None:
    def fails(*_: object) -> Any:
        raise Deferred("public", "inner secret")

    pages = client(alarms=fails, drills=fails)
    for path in ("/alarms", "/drills", "/drills/march"):
        answer = pages.get(path)
        assert answer.status_code == 503
        assert "secret" not in answer.text
    assert client(drill=fails).get("/drills/march").status_code == 503


def test_many_readers_read_the_store_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(watching, "monotonic", lambda: moment)
    asked: list[str] = []

    def noted(what: str, value: Any) -> Any:
        asked.append(what)
        return value

    pages = client(
        alarms=lambda: noted("alarms", (ROW,)),
        drills=lambda: noted("drills", DRILLS),
        drill=lambda name: noted(name, DRILL),
    )
    for path in ("/alarms", "/drills", "/drills/march", "/drills/march.csv") * 5:
        assert pages.get(path).status_code == 200
    assert sorted(asked) == ["alarms", "drills", "march"]
    moment += LAST_S + 1
    assert pages.get("/alarms").status_code == 200
    assert sorted(asked) == ["alarms", "alarms", "drills", "march"]


def test_drills_of_the_store_are_shown(client: Client, place: Path, store_url: str) -> None:
    stage = Stage(place, Path(__file__).parents[1] / "worlds" / "proven.toml", NOW, store_url)
    for day, name in enumerate(("march", "april")):
        stage.now = NOW + timedelta(days=day)
        for site in ("FZK-LCG2", "pic"):
            by = "anna@cern.example"
            stage.desk.do(Command("drill", 0, by, site=site, vo="atlas", drill=name))
    store = stage.store
    pages = client(
        alarms=lambda: alarms(store, limit=ALARMS_AT_MOST),
        drills=lambda: drills(store),
        drill=lambda name: alarms(store, drill=name, over=True),
    )
    rows = Read(pages.get("/drills").text).rows
    assert rows[1:] == [
        ["april", "2026-03-03 10:00:00", "2", "0", "0"],
        ["march", "2026-03-02 10:00:00", "2", "0", "0"],
    ]
    assert [row[0] for row in Read(pages.get("/drills/april").text).rows[1:]] == ["FZK-LCG2", "pic"]
    assert "No alarm is open." in pages.get("/alarms").text
