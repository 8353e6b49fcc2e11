"""`keys smime`: the certificate that signs our alarm mails, and whether it will be believed."""

from pathlib import Path

import click

from gateway.commands.opening import CONFIG, FAULT, JSON, NOT_FOUND, Stop, config_at, failures

LABELS = {"not_before": "valid from", "not_after": "valid until"}


@click.command("smime")
@CONFIG
@JSON
def smime(config_file: Path, *, as_json: bool) -> None:
    """Show the S/MIME certificate, and what is wrong with it.

    Whose it is, until when, and for which addresses. Exit code 1 with an error in it; warnings
    alone end with 0.
    """
    from gateway import show
    from gateway.config.faults import Severity
    from gateway.now import utc_now
    from gateway.outbound.smime_check import (
        alarm_sender,
        check_signing,
        signer_of,
        signing_facts,
    )

    config = config_at(config_file)
    with failures():
        signer = signer_of(config)
    if signer is None:
        raise Stop("no S/MIME certificate is configured: set [keys] smime_cert", NOT_FOUND)
    facts, found = signing_facts(signer), check_signing(config, utc_now())
    if as_json:
        faults = [{"severity": f.severity, "key": f.key, "message": f.message} for f in found]
        show.json_lines([{**show.as_object(facts), "from": alarm_sender(config), "faults": faults}])
    else:
        for name, value in {**show.as_object(facts), "from": alarm_sender(config)}.items():
            click.echo(f"{LABELS.get(name, name) + ':':<12} {show.cell(value) or '-'}")
        for finding in found:
            click.echo(f"{finding.severity}: {finding.key}: {show.cell(finding.message)}")
    if any(finding.severity is Severity.ERROR for finding in found):
        raise SystemExit(FAULT)
