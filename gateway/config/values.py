"""The kinds of value in a configuration: addresses, listens, networks, durations, URLs, paths.

Each is read from TOML's plain types and comes out checked and in one form. Relative paths start at
the configuration file's directory. An address may stand alone, in a list, or in one text with
others, split by `;` or `,` as directories write them.
"""

import ipaddress
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from gateway.config.secrets import base_of, fault
from parsers.dn import read_dn, write_slash
from parsers.errors import Malformed

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_DURATION = re.compile(r"(\d{1,6}) ?(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_RELAY = re.compile(r"(smtp|smtp\+starttls|smtps)://([^/]+?)/?")
_PAGES = re.compile(r"https?://([^/?#@\s]+)(?:/[^?#\s]*)?")
_PASSWORD = re.compile(r"://[^/@]*:[^/]*@|[?&]password=")
MAX_PORT = 65535
UNIX_PATH_BYTES = 107  # unix(7), without the NUL at the end


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a door opens: `host` and `port` (0 = any free one), or `path` of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        """Return it as it is written in the configuration."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_domain(text: str) -> bool:
    """Whether this is a domain name: letters, digits, hyphens and dots (RFC 5321, 4.1.2)."""
    return len(text) <= 253 and _DOMAIN.fullmatch(text) is not None


def check_domain(text: str) -> str:
    """Return a domain in lower case; raises a validation error."""
    if not is_domain(text):
        raise fault(f"{text!r} is not a domain name")
    return text.lower()


def check_address(text: str) -> str:
    """Return an e-mail address as it is; dot-atom at a domain, nothing else (RFC 5321, 4.1.2)."""
    if not _ADDRESS.fullmatch(text) or len(text) > 254 or text.index("@") > 64:
        raise fault(f"{text!r} is not an e-mail address")
    return text


def check_dn(text: str) -> str:
    """Return a distinguished name in slash form; read in that form or as RFC 4514 writes it."""
    try:
        return write_slash(read_dn(text))
    except Malformed as error:
        raise fault(error.public) from None


def _split(value: Any) -> Any:
    if isinstance(value, str):
        value = value.replace(",", ";").split(";")
        value = [part for part in value if part.strip()]
    if isinstance(value, (list, tuple)):
        return tuple(part.strip() if isinstance(part, str) else part for part in value)
    return value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _as_set(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not all(isinstance(part, str) for part in value):
        raise fault("must be a list of texts, [...]")
    return frozenset(value)


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        raise fault("must be a network in quotes, such as 192.0.2.0/24")
    try:
        return ipaddress.ip_network(value)
    except ValueError as error:
        raise fault(f"{value!r} is not a network: {error}") from None


def read_listen(value: Any) -> Listen:
    """Read `HOST:PORT`, `[IPV6]:PORT`; raises a validation error."""
    if isinstance(value, Listen):
        return value
    if not isinstance(value, str):
        raise fault('must be "HOST:PORT"')
    host, colon, port = value.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > MAX_PORT:
        raise fault(f'{value!r} is not "HOST:PORT" with a port up to {MAX_PORT}')
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ip(host) or ":" not in host:
            raise fault(f"{host!r} is not an IPv6 address")
    elif ":" in host:
        raise fault("an IPv6 address stands in brackets: [::1]:25")
    elif not _is_ip(host):
        if re.fullmatch(r"[0-9.]+", host):
            raise fault(f"{host!r} is not an IPv4 address")
        check_domain(host)
    return Listen(host, int(port))


def _web_listen(value: Any, info: ValidationInfo) -> Listen:
    if isinstance(value, str) and value.startswith("unix:"):
        if value == "unix:":
            raise fault("unix: needs the path of a socket")
        path = str((base_of(info) / value.removeprefix("unix:")).absolute())
        if len(path.encode()) > UNIX_PATH_BYTES:
            raise fault(f"the path of a unix socket has at most {UNIX_PATH_BYTES} bytes")
        return Listen(path=path)
    return read_listen(value)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _ip(text: str) -> str:
    if not _is_ip(text):
        raise fault(f"{text!r} is not an IP address")
    return text


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fault('must be a time with its unit, such as "30 s", "10 min", "24 h" or "30 d"')
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        if text != "UTC":  # known even where no time zones are installed
            raise fault(f"{text!r} is not a time zone, such as Europe/Berlin") from None
    return text


def _path(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise fault("must be a path in quotes")
    return (base_of(info) / value).absolute()


def _store_url(value: Any, info: ValidationInfo) -> str:
    if isinstance(value, str) and value.startswith("postgresql+psycopg://"):
        if _PASSWORD.search(value):
            raise fault("a password is never written here: use a passfile (PGPASSFILE)")
        return value
    if not isinstance(value, str) or not value.startswith("sqlite:///"):
        raise fault('must be "sqlite:///FILE" or "postgresql+psycopg://..."')
    name = value.removeprefix("sqlite:///")
    if not name or name == ":memory:" or name.endswith("/"):
        raise fault("SQLite needs a file, such as sqlite:///tickets.db")
    path = str((base_of(info) / name).absolute())
    if "?" in path or "#" in path:
        raise fault("the path of the store must not contain ? or #")
    return f"sqlite:///{path}"


def _relay_url(value: Any, info: ValidationInfo) -> str:
    if isinstance(value, str) and value.startswith("maildir:") and value != "maildir:":
        return f"maildir:{(base_of(info) / value.removeprefix('maildir:')).absolute()}"
    match = _RELAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fault('must be "maildir:DIR" or "smtp://HOST:PORT" (smtp+starttls://, smtps://)')
    if "@" in match[2]:
        raise fault("the login stands in [relay] user and password, not in the URL")
    target = read_listen(match[2])
    if target.port == 0:
        raise fault("port 0 cannot be connected to")
    return f"{match[1]}://{target}"


def _page_url(text: str) -> str:
    match = _PAGES.fullmatch(text)
    if match is None:
        raise fault('must be "https://HOST", with a port and a path where they are needed')
    host = match[1]
    if host.startswith("[") or ":" in host:
        read_listen(host if re.search(r":[0-9]+\Z", host) else f"{host}:443")
    elif not _is_ip(host):
        check_domain(host)
    return text.rstrip("/")


Text = Annotated[str, Field(min_length=1, max_length=200)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Domain = Annotated[str, AfterValidator(check_domain)]
Address = Annotated[str, AfterValidator(check_address)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_split)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple)]
Subject = Annotated[str, AfterValidator(check_dn)]
Subjects = Annotated[tuple[Subject, ...], BeforeValidator(_as_tuple)]
Domains = Annotated[tuple[Domain, ...], BeforeValidator(_as_tuple)]
IpAddresses = Annotated[tuple[Annotated[str, AfterValidator(_ip)], ...], BeforeValidator(_as_tuple)]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = Annotated[
    tuple[Annotated[Network, PlainValidator(_network)], ...], BeforeValidator(_as_tuple)
]
Door = Annotated[Listen, PlainValidator(read_listen)]
WebDoor = Annotated[Listen, PlainValidator(_web_listen)]
Duration = Annotated[timedelta, PlainValidator(_duration)]
ConfigPath = Annotated[Path, PlainValidator(_path)]
StoreUrl = Annotated[str, PlainValidator(_store_url)]
RelayUrl = Annotated[str, PlainValidator(_relay_url)]
PageUrl = Annotated[str, AfterValidator(_page_url)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]
AsTuple = BeforeValidator(_as_tuple)
AsSet = BeforeValidator(_as_set)
AlarmSteps = Annotated[tuple[Literal["again", "contact", "roc", "first-line"], ...], AsTuple]
