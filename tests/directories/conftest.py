"""The directories that tests ask, and a desk on a store that knows of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fresh import open_fresh
from sqlalchemy import select

from gateway.config.convert import policy
from gateway.config.federation import Directory
from gateway.config.load import load
from gateway.config.root import Config
from gateway.config.secrets import Secret
from gateway.desk import Desk
from gateway.directories.known import Directories
from gateway.directories.reading import Heard, read_directory
from gateway.directories.sync import Synced, sync
from store.directories import DirectoryState, read_states
from store.engine import Store
from store.tables import outbox
from tests.directories.playing import TOKEN, Player, gocdb, iam, serving, voms, waited
from tests.imap.certificates import Authority

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HELPDESK = """\
[helpdesk]
domain = "helpdesk.example"
first_line = "TPM"
operator_address = "operator@helpdesk.example"
secret = { file = "secret" }
[smtp]
listen = "127.0.0.1:0"
[store]
url = "STORE"
[[vo]]
name = "atlas"
[[vo]]
name = "cms"
[[unit]]
name = "TPM"
address = ["tpm@helpdesk.example"]
"""


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    with TemporaryDirectory(prefix="tg-ca-") as name:
        made = Authority(Path(name))
        made.sign("client", "robot.helpdesk.example")
        yield made


@pytest.fixture
def player(authority: Authority) -> Iterator[Player]:
    """A server that plays all of them."""
    answers = {
        "/gocdbpi": gocdb(),
        "/voms/atlas/apiv2/users": voms(),
        "/scim": iam(),
        "/iam": iam(),
    }
    with serving(Player(answers), authority) as playing:
        yield playing


def sections(player: Player, authority: Authority) -> dict[str, str]:
    """The sections of the configuration that ask the player, by name."""
    ca, place = authority.ca, authority.place
    tls = (
        f'ca_file = "{ca}"\ncertificate = "{place}/client.pem"\n'
        f'key = {{ file = "{place}/client.key" }}\n'
    )
    url = player.url
    return {
        "goc": f'kind = "gocdb"\nurl = "{url}/gocdbpi"\n{tls}',
        "people": f'kind = "voms"\nurl = "{url}/voms/atlas"\nvo = "atlas"\n{tls}',
        "indigo": f'kind = "iam"\nurl = "{url}"\nvo = "atlas"\ntoken = {{ file = "token" }}\n{tls}',
        "osg": f'kind = "topology"\nurl = "{url}"\nroc = "OSG"\n{tls}',
    }


@dataclass
class Office:
    """A helpdesk with directories: its desk, its clock, and what it would have mailed."""

    config: Config
    store: Store
    now: datetime = NOW
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        source = Directories(self.config, self.store, self.clock)
        self.desk = Desk(self.store, policy(self.config), source, self.clock)

    def clock(self) -> datetime:
        return self.now

    def sync(self, name: str, **more: Any) -> Synced:
        """Read a directory, a minute after what was before."""
        self.now += timedelta(minutes=1)
        done = sync(self.desk, self.config, name, "test", waited, **more)
        assert done is not None
        return done

    def state(self, name: str) -> DirectoryState:
        with self.store.reading() as conn:
            return read_states(conn)[name]

    def notices(self) -> list[list[str]]:
        """Title and lines of each notice to the operator, in order."""
        columns = (outbox.c["values"], outbox.c.recipient)
        query = select(*columns).where(outbox.c.kind == "operator-notice").order_by(outbox.c.id)
        with self.store.reading() as conn:
            rows = conn.execute(query).all()
        assert {recipient for _, recipient in rows} <= {"operator@helpdesk.example"}
        return [[values["title"], *values["lines"]] for values, _ in rows]


Opening = Callable[..., Office]


def write_config(place: Path, directories: Mapping[str, str], more: str, url: str) -> Path:
    (place / "secret").write_text("0123456789abcdef0123456789abcdef")
    (place / "token").write_text(TOKEN)
    for name in ("secret", "token"):
        (place / name).chmod(0o600)
    text = HELPDESK.replace("STORE", url) + more
    text += "".join(f"[directory.{name}]\n{body}" for name, body in directories.items())
    (place / "config.toml").write_text(text)
    return place / "config.toml"


@pytest.fixture
def office(place: Path, store_url: str, player: Player, authority: Authority) -> Iterator[Opening]:
    """Open an office with directories of these names, on both databases."""
    stores: list[Store] = []

    def opening(
        *names: str, more: str = "", add: str = "", own: Mapping[str, str] | None = None
    ) -> Office:
        for name in ("client.key",):
            (authority.place / name).chmod(0o600)
        known = sections(player, authority)
        chosen = {name: known[name] + add for name in names} | dict(own or {})
        config = load(write_config(place, chosen, more, store_url))
        store = open_fresh(config.store.url)
        stores.append(store)
        return Office(config, store)

    yield opening
    for one in stores:
        one.close()


@pytest.fixture
def ask(player: Player, authority: Authority) -> Callable[..., Heard]:
    """Read a directory of a kind from the player."""

    def asking(kind: str, **changes: Any) -> Heard:
        paths = {"gocdb": "/gocdbpi", "voms": "/voms/atlas"}
        values = {
            "kind": kind,
            "url": player.url + paths.get(kind, ""),
            "vo": "atlas",
            "certificate": authority.place / "client.pem",
            "key": Secret((authority.place / "client.key").read_bytes()),
            "token": Secret(TOKEN.encode()) if kind == "iam" else None,
            "ca_file": authority.ca,
            "timeout": timedelta(seconds=30),
        } | changes
        return read_directory(
            Directory.model_construct(**(_defaults() | values)), Path("/nonexistent"), NOW, waited
        )

    return asking


def _defaults() -> dict[str, Any]:
    return {name: f.default for name, f in Directory.model_fields.items() if not f.is_required()}


def alarmers(office: Office) -> list[str]:
    return [m.name for m in office.desk.source.fresh().roster.members if "alarm" in m.roles]  # type: ignore[union-attr]
