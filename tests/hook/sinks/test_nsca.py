"""Nagios behind nsca-ng and behind the classic NSCA: what arrives, and what nobody can know."""

from pathlib import Path
from typing import Any

import pytest
from running import until

from gateway.hook.sinks.nsca import NO_PROOF, NSCA
from gateway.hook.sinks.sink import Sink
from parsers.alarm import Alarm
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, acknowledged, alarm, resolved, showing
from tests.monitoring.nagios import Nagios
from tests.monitoring.nsca import Nsca
from tests.monitoring.programs import SITE


def sink_of(nsca: Nsca, variant: str = "nsca-ng", **changes: Any) -> Sink:
    settings: dict[str, Any] = {
        "nsca-ng": {
            "program": nsca.ng_client, "config_file": str(nsca.ng_config), "port": nsca.ng_port
        },
        "nsca": {"program": nsca.client, "config_file": str(nsca.config), "port": nsca.port},
    }[variant]  # fmt: skip
    return NSCA.make(settings | {"variant": variant, "server": "127.0.0.1"} | changes, SITE)


def shows(nagios: Nagios, alarm: Alarm, state: int, acknowledged: bool = False) -> None:
    def look() -> bool:
        service = nagios.service()
        return (
            f"{alarm.ticket}.{alarm.seq} " in service["plugin_output"]
            and service["current_state"] == str(state)
            and service["problem_has_been_acknowledged"] == str(int(acknowledged))
        )

    until(look, f"{alarm.ticket} is {state}")


@pytest.mark.parametrize("variant", ["nsca-ng", "nsca"])
def test_an_alarm_arrives_and_is_resolved_and_proves_nothing(
    nagios: Nagios, nsca: Nsca, variant: str
) -> None:
    sink, fired, other = sink_of(nsca, variant), alarm(), alarm()
    assert sink.show(showing(fired)).endswith(NO_PROOF)
    shows(nagios, fired, 2)
    sink.show(showing(other, fired))
    shows(nagios, other, 2)
    assert "2 open" in nagios.service()["plugin_output"]
    cared = acknowledged(other)
    sink.show(showing(cared))
    shows(nagios, cared, 2)
    assert "(acknowledged)" in nagios.service()["plugin_output"]
    sink.show(showing(resolved(cared)))
    shows(nagios, resolved(cared), 0)


def test_with_commands_an_acknowledged_alarm_is_acknowledged(nagios: Nagios, nsca: Nsca) -> None:
    sink, fired, other = sink_of(nsca, commands=True), alarm(), alarm()
    sink.show(showing(fired))
    shows(nagios, fired, 2)
    cared = acknowledged(fired)
    for _ in range(2):
        sink.show(showing(cared))
        shows(nagios, cared, 2, acknowledged=True)
    sink.show(showing(other, cared))
    shows(nagios, other, 2)
    sink.show(showing(resolved(other)))
    shows(nagios, resolved(other), 0)


@pytest.mark.parametrize(("variant", "commands"), [("nsca-ng", False), ("nsca-ng", True),
                                                   ("nsca", False)])  # fmt: skip
def test_a_hostile_summary_is_one_line_of_one_result(
    nagios: Nagios, nsca: Nsca, variant: str, commands: bool
) -> None:
    sink, fired = sink_of(nsca, variant, commands=commands), alarm(summary=HOSTILE, vo=HOSTILE)
    many = [alarm(summary=HOSTILE) for _ in range(40)]
    sink.show(showing(fired))
    shows(nagios, fired, 2)
    sink.show(showing(fired, *many))
    until(lambda: nagios.service()["plugin_output"].endswith(" more"), "a long text")
    assert nagios.service()["performance_data"] == ""
    sink.show(showing(resolved(fired)))
    shows(nagios, resolved(fired), 0)


def test_a_server_that_is_down_or_refuses_defers(nsca: Nsca, tmp_path: Path) -> None:
    wrong = tmp_path / "send_nsca.cfg"
    wrong.write_text('identity = "ticketgate-hook"\npassword = "wrong"\n')
    with pytest.raises(Deferred, match="password in config_file"):
        sink_of(nsca, config_file=str(wrong)).show(showing(alarm()))
    with pytest.raises(Deferred):
        sink_of(nsca, service="other").show(showing(alarm()))
    nsca.stop()
    for variant in ("nsca-ng", "nsca"):
        with pytest.raises(Deferred, match="is the server running"):
            sink_of(nsca, variant).show(showing(alarm()))
    nsca.start()


def test_what_the_servers_say_while_nagios_is_down_is_no_proof(nagios: Nagios, nsca: Nsca) -> None:
    nagios.stop()
    for variant in ("nsca-ng", "nsca"):
        assert sink_of(nsca, variant).show(showing(alarm())).endswith(NO_PROOF)
    nagios.start()
    sink, fired = sink_of(nsca, "nsca"), alarm()  # nsca-ng looks for Nagios every ten seconds only
    sink.show(showing(fired))
    shows(nagios, fired, 2)
    sink.show(showing(resolved(fired)))
    shows(nagios, resolved(fired), 0)


def test_what_only_nsca_ng_can_do_is_refused_for_the_classic_one(nsca: Nsca) -> None:
    with pytest.raises(Refused, match="commands is only possible"):
        sink_of(nsca, "nsca", commands=True)
    with pytest.raises(Refused, match="server is missing"):
        sink_of(nsca, "nsca", server=None)
    with pytest.raises(Refused, match="program is no whole path"):
        sink_of(nsca, program="send_nsca")
    with pytest.raises(Refused, match="No such file"):
        sink_of(nsca, program="/nowhere/send_nsca").show(showing(alarm()))
