"""`sites` and `members`: the federation as the daemon knows it, from where and since when."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.opening import CONFIG, FAULT, JSON, NOT_FOUND, Stop, config_at, store_of

if TYPE_CHECKING:
    from parsers.registry import Downtime
    from router.federation import Entry, Federation


@contextmanager
def federation_at(config_file: Path) -> "Iterator[Federation]":
    """Give the federation of a configuration; its store is opened only for directories."""
    from gateway.config.convert import by_hand, registry
    from gateway.directories.known import federation_of
    from gateway.now import utc_now
    from router.federation import combine

    config = config_at(config_file)
    if not config.directory:
        here = registry(config)
        yield combine([by_hand(config)], utc_now(), units=here.units, vos=here.vos)
        return
    with store_of(config) as store, store.reading() as conn:
        yield federation_of(config, conn, utc_now())


@click.command()
@CONFIG
@JSON
@click.argument("name", required=False)
def sites(config_file: Path, as_json: bool, name: str | None) -> None:
    """List the sites, or those that NAME stands for.

    NAME is a name or an alias; a shared alias stands for several sites. Where several sources tell
    of a site, all of them are named; the first one counts, field by field.
    """
    from gateway import show

    with federation_at(config_file) as federation:
        known = federation.registry
    found = known.sites if name is None else known.find_sites(name)
    if name is not None and not found:
        raise Stop(f"there is no site of the name or alias {name}", NOT_FOUND)
    objects = [
        {
            "name": site.name,
            "aliases": site.aliases,
            "roc": site.roc,
            "tier": site.tier,
            "certification": site.certification,
            "contact": site.contacts,
            "alarm_address": site.alarm_addresses,
            "alarm_vos": site.alarm_vos,
            "source": site.source,
            "updated_at": site.updated_at,
        }
        for site in found
    ]
    if as_json:
        show.json_lines(objects)
        return
    heads = (
        "name", "aliases", "roc", "tier", "certification", "contact", "alarm_address", "source",
        "updated_at",
    )  # fmt: skip
    show.table(heads, ([one[head] for head in heads] for one in objects), empty="no sites")
    for downtime in (one for site in found for one in known.downtimes_of(site) if name):
        click.echo(f"downtime of {show.cell(_downtime(downtime))}")


def _downtime(one: "Downtime") -> str:
    times = f"{one.starts_at:%Y-%m-%d %H:%M} to {one.ends_at:%Y-%m-%d %H:%M} UTC"
    kind = f"{one.classification.lower()} {one.severity.lower()}"
    of = ", ".join(one.services[:5])
    return f"{one.site}: {kind}, {times}, {of}: {one.description}"


@click.group(invoke_without_command=True)
@CONFIG
@JSON
@click.option("--vo", help="Members of this VO only.")
@click.option("--all", "everybody", is_flag=True, help="Also those who may do nothing, and why.")
@click.pass_context
def members(
    ctx: click.Context, *, config_file: Path, as_json: bool, vo: str | None, everybody: bool
) -> None:
    """List who may do something for a VO, and their roles."""
    from gateway import show

    if ctx.invoked_subcommand is not None:
        return
    with federation_at(config_file) as federation:
        found = [
            entry
            for entry in federation.entries
            if (vo is None or entry.member.vo.lower() == vo.lower())
            and (everybody or (not entry.barred and _counts(entry)))
        ]
    objects = [_as_object(entry) for entry in found]
    if as_json:
        show.json_lines(objects)
        return
    heads = ("name", "vo", "roles", "addresses", "certificates", "alarm_sites", "source", "barred")
    show.table(heads, ([one[head] for head in heads] for one in objects), empty="no members")


@members.command()
@CONFIG
@JSON
@click.argument("who", metavar="ADDRESS|DN")
def check(config_file: Path, *, as_json: bool, who: str) -> None:
    """Say what the person of an address or DN may do, and why.

    A DN may be spelt in any way. Exit code 1 when nobody knows this person.
    """
    from gateway import show
    from gateway.config.load import policy
    from gateway.directories.standing import explain_person, find_person

    rules = policy(config_at(config_file))
    with federation_at(config_file) as federation:
        found = find_person(federation, who)
        if not found:
            raise Stop(f"nobody of the address or DN {show.cell(who)} is known", FAULT)
        if as_json:
            show.json_lines(
                _as_object(entry) | {"may": explain_person(entry, federation, rules)}
                for entry in found
            )
            return
        for entry in found:
            click.echo(show.cell(_title(entry)))
            for sentence in explain_person(entry, federation, rules):
                click.echo(show.folded(f"  {show.cell(sentence)}"))


def _title(entry: "Entry") -> str:
    member = entry.member
    of = f", {member.vo}" if member.vo else ""
    since = f", changed {member.updated_at:%Y-%m-%d %H:%M} UTC" if member.updated_at else ""
    return f"{member.name}{of} (from {member.source}{since})"


def _counts(entry: "Entry") -> bool:
    return bool(entry.member.roles) or entry.member.source == "config"


def _as_object(entry: "Entry") -> dict[str, object]:
    from gateway import show

    member = entry.member
    return show.as_object(member) | {"roles": sorted(member.roles), "barred": entry.barred}
