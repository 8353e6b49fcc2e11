from pathlib import Path

from gateway.processes.supervisor import sole_daemon
from tests.daemon.served import Serve


def test_a_second_supervisor_of_the_same_store_is_refused(serve: Serve) -> None:
    served = serve({"LOCK_WAIT_S": 0.2}, work={})
    served.ready()
    second = serve({"LOCK_WAIT_S": 0.2}, work={})
    assert second.process.wait(60) == 1
    assert f"already served, by process {served.process.pid}" in second.err.read_text()
    assert len(served.notes("work.0 start")) == 1
    assert served.stop() == 0


def test_a_stale_lock_file_stops_nobody(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "serve.lock").write_text("1\n")
    served = serve(work={})
    served.ready()
    assert served.stop() == 0


def test_a_file_with_content_serves_as_a_lock_and_stays_as_it_is(tmp_path: Path) -> None:
    (file := tmp_path / "config.toml").write_text("[helpdesk]\n")
    with sole_daemon(file):
        assert file.read_text() == "[helpdesk]\n"
