"""The port of a door: in use, free in time, and the same one after a restart."""

import os
import signal
import socket

from tests.daemon.served import DOOR, Serve
from tests.ports import free_port


def test_a_port_in_use_ends_the_start_with_its_message(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = serve(doors={"code": DOOR.replace("PORT", str(port))}, work={})
        assert served.process.wait(60) == 1
    assert "Address already in use" in served.logged()[-1]["reason"]
    assert served.logged()[-1]["reason"].startswith("doors:")
    assert len(served.notes("doors.0 start")) == 3
    assert served.out.read_text() == ""
    assert served.notes("work.0 stop")


def test_a_port_that_becomes_free_in_time_is_taken(serve: Serve) -> None:
    port = free_port()
    other = socket.create_server(("127.0.0.1", port))
    # As many attempts as it takes: how soon we let go is a matter of the machine.
    attempts = {"STARTS_AT_MOST": 1_000}
    served = serve(attempts, doors={"code": DOOR.replace("PORT", str(port))})
    served.err_has("role ended")  # it has tried in vain
    other.close()
    assert served.ready() == f"ready smtp=127.0.0.1:{port}\n"
    assert served.stop() == 0


def test_a_restarted_door_on_port_0_takes_the_same_port(serve: Serve) -> None:
    door = """
    host, _, port = link.listen_address("smtp", "127.0.0.1:0").rpartition(":")
    with socket.create_server((host, int(port))) as door:
        note("port", door.getsockname()[1])
        link.ready(smtp=f"127.0.0.1:{door.getsockname()[1]}")
        link.wait(60)
    """
    served = serve(doors={"code": door})
    served.ready()
    os.kill(served.pid("doors.0"), signal.SIGKILL)
    first, second = served.noted("doors.0 port", times=2)
    assert first == second
    assert served.stop() == 0
