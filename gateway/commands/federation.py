"""`sites` and `members`: the federation as the daemon knows it."""

from pathlib import Path

import click

from gateway.commands.opening import CONFIG, JSON, NOT_FOUND, Stop, config_at


@click.command()
@CONFIG
@JSON
@click.argument("name", required=False)
def sites(config_file: Path, as_json: bool, name: str | None) -> None:
    """List the sites, or those that NAME stands for.

    NAME is a name or an alias; a shared alias stands for several sites.
    """
    from gateway import show
    from gateway.config.load import registry

    known = registry(config_at(config_file))
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
    heads = ("name", "aliases", "roc", "tier", "certification", "contact", "alarm_address")
    show.table(heads, ([one[head] for head in heads] for one in objects), empty="no sites")


@click.command()
@CONFIG
@JSON
@click.option("--vo", help="Members of this VO only.")
def members(config_file: Path, as_json: bool, vo: str | None) -> None:
    """List the members of the VOs and their roles."""
    from gateway import show
    from gateway.config.load import roster

    found = [
        member
        for member in roster(config_at(config_file)).members
        if vo is None or member.vo.lower() == vo.lower()
    ]
    objects = [show.as_object(m) | {"roles": sorted(m.roles)} for m in found]
    if as_json:
        show.json_lines(objects)
        return
    heads = ("name", "vo", "roles", "addresses", "certificates", "alarm_sites")
    show.table(heads, ([one[head] for head in heads] for one in objects), empty="no members")
