"""What supervisord is given."""

import configparser
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from burnrate.stack import records
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import PARTS
from burnrate.stack.processes.reaper import end_group
from burnrate.stack.processes.rendering import PlannedPart
from burnrate.stack.processes.supervisor import configuration, start_script


@pytest.fixture
def part(tmp_path: Path) -> PlannedPart:
    """A part whose words are hard to quote."""
    return PlannedPart(
        name="api",
        part=PARTS["api"],
        arguments=("/bin/sh", "-c", 'echo "$0" "$VALUE" "$(ls tmp)"', "a 'b' ; # $HOME %(x)s"),
        environment={"VALUE": 'two\nlines "quoted" %d'},
        directory=tmp_path,
        user=None,
        temporary_directories=(tmp_path / "tmp",),
        depends_on=(),
        stop_signal="TERM",
        grace_seconds=15,
        files={},
    )


def test_the_start_script_passes_every_word_as_it_is(part: PlannedPart, tmp_path: Path) -> None:
    """Quotes, semicolons, per cents and line breaks reach the program unharmed."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/stale").touch()
    script = tmp_path / "api.sh"
    script.write_text(start_script(part, tmp_path / "leader"), encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={"SECRET_OF_THE_CALLER": "x"},
    )
    # The temporary folder was emptied, so that `ls` found nothing.
    assert done.stdout == "a 'b' ; # $HOME %(x)s two\nlines \"quoted\" %d \n"


def test_the_start_script_notes_which_process_it_becomes(part: PlannedPart, tmp_path: Path) -> None:
    """Id, start time and session are those of the program that replaces the shell."""
    sleeping = replace(part, arguments=("/bin/sleep", "60"), temporary_directories=())
    script, leader = tmp_path / "api.sh", tmp_path / "leader"
    script.write_text(start_script(sleeping, leader), encoding="utf-8")
    process = subprocess.Popen(["/bin/sh", str(script)])
    try:
        while not leader.exists() or not leader.read_text(encoding="ascii").endswith("\n"):
            assert process.poll() is None
        found = records.find_process(process.pid)
        assert found is not None
        noted = [int(word) for word in leader.read_text(encoding="ascii").split()]
        assert noted == [process.pid, found.start_ticks, found.session]
    finally:
        process.kill()
        process.wait()


def test_every_program_restarts_keeps_its_grace_and_cannot_fill_the_disk(
    part: PlannedPart, open_path: Path
) -> None:
    """What supervisord reads back."""
    config = configparser.RawConfigParser()
    config.read_string(configuration(Layout(open_path, open_path / "100% state"), [part]))
    program = config["program:api"]
    assert program["command"] == '/bin/sh "%(here)s/api.sh"'
    assert program["autorestart"] == "true"
    assert program["stopwaitsecs"] == "15"
    assert program["stdout_logfile_maxbytes"] == "20MB"
    assert "user" not in program
    assert "100%% state" in config["unix_http_server"]["file"]


def test_a_part_with_a_user_of_its_own_gets_it(part: PlannedPart, tmp_path: Path) -> None:
    """PostgreSQL under root."""
    config = configparser.RawConfigParser()
    layout = Layout(tmp_path, tmp_path / "state")
    config.read_string(configuration(layout, [replace(part, user="postgres")]))
    assert config["program:api"]["user"] == "postgres"


def test_a_group_is_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that could not be started has the id 0, which would be our own group."""
    killed: list[int] = []
    monkeypatch.setattr("os.killpg", lambda pid, _signal: killed.append(pid))

    class Process:
        """As supervisord's own."""

        def __init__(self, pid: int) -> None:
            self.pid = pid

    class Event:
        """As supervisord's own."""

        def __init__(self, pid: int) -> None:
            self.process = Process(pid)

    for pid in (0, 1, 4711):
        end_group(Event(pid))
    assert killed == [4711]
