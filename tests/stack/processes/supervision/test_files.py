"""What supervisord is given."""

import configparser
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from burnrate.stack.layout import Layout
from burnrate.stack.processes.supervision import SupervisedProgram, configuration, start_script
from burnrate.stack.processes.supervision.ownership import find_process
from burnrate.stack.processes.users import User


@pytest.fixture
def program(tmp_path: Path) -> SupervisedProgram:
    """A program whose words are hard to quote."""
    return SupervisedProgram(
        name="api",
        arguments=("/bin/sh", "-c", 'echo "$0" "$VALUE" "$(ls tmp)"', "a 'b' ; # $HOME %(x)s"),
        environment={"VALUE": 'two\nlines "quoted" %d'},
        directory=tmp_path,
        user=None,
        temporary_directories=(tmp_path / "tmp",),
        stop_signal="TERM",
        grace_seconds=15,
    )


def test_the_start_script_passes_every_word_as_it_is(
    program: SupervisedProgram, tmp_path: Path
) -> None:
    """Quotes, semicolons, per cents and line breaks reach the program unharmed."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/stale").touch()
    script = tmp_path / "api.sh"
    script.write_text(start_script(program, tmp_path / "leader"), encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={"SECRET_OF_THE_CALLER": "x"},
    )
    # The temporary folder was emptied, so that `ls` found nothing.
    assert done.stdout == "a 'b' ; # $HOME %(x)s two\nlines \"quoted\" %d \n"


def test_the_start_script_notes_which_process_it_becomes(
    program: SupervisedProgram, tmp_path: Path
) -> None:
    """Id, start time and session are those of the program that replaces the shell."""
    sleeping = replace(program, arguments=("/bin/sleep", "60"), temporary_directories=())
    script, leader = tmp_path / "api.sh", tmp_path / "leader"
    script.write_text(start_script(sleeping, leader), encoding="utf-8")
    process = subprocess.Popen(["/bin/sh", str(script)])
    try:
        while not leader.exists() or not leader.read_text(encoding="ascii").endswith("\n"):
            assert process.poll() is None
        found = find_process(process.pid)
        assert found is not None
        noted = [int(word) for word in leader.read_text(encoding="ascii").split()]
        assert noted == [process.pid, found.start_ticks, found.session]
    finally:
        process.kill()
        process.wait()


def test_the_note_of_the_main_process_is_replaced_and_never_half_written(
    program: SupervisedProgram, tmp_path: Path
) -> None:
    """Whoever has opened the old one goes on reading it; who opens the new one finds all of it."""
    script, leader, opened = tmp_path / "api.sh", tmp_path / "leader", tmp_path / "opened"
    leader.write_text("1 2 3\n", encoding="ascii")
    opened.hardlink_to(leader)
    script.write_text(start_script(program, leader), encoding="utf-8")
    subprocess.run(["/bin/sh", str(script)], capture_output=True, check=True)
    assert opened.read_text(encoding="ascii") == "1 2 3\n"
    assert len(leader.read_text(encoding="ascii").split()) == 3
    assert not leader.with_name("leader.new").exists()


def test_every_program_restarts_keeps_its_grace_and_cannot_fill_the_disk(
    program: SupervisedProgram, open_path: Path
) -> None:
    """What supervisord reads back."""
    config = configparser.RawConfigParser()
    config.read_string(configuration(Layout(open_path, open_path / "100% state"), [program]))
    section = config["program:api"]
    assert section["command"] == '/bin/sh "%(here)s/api.sh"'
    assert section["autorestart"] == "true"
    assert section["stopwaitsecs"] == "15"
    assert section["stdout_logfile_maxbytes"] == "20MB"
    assert "user" not in section
    assert "100%% state" in config["unix_http_server"]["file"]


def test_what_ignores_its_end_is_killed_with_all_it_started(
    program: SupervisedProgram, open_path: Path
) -> None:
    """As supervisord reads it: the stop signal is the main process' own, SIGKILL is the group's."""
    layout = Layout(open_path, open_path / "state")
    for folder in (layout.run, layout.logs):
        folder.mkdir(parents=True)
    path = layout.run / "supervisord.conf"
    path.write_text(configuration(layout, [program]), encoding="utf-8")
    options = ServerOptions()
    options.realize(["--configuration", str(path)])
    (group,) = options.process_group_configs
    (read,) = group.process_configs
    assert (read.stopsignal, read.stopwaitsecs) == (signal.SIGTERM, 15)
    assert not read.stopasgroup
    assert read.killasgroup


def test_a_program_that_needs_an_account_gets_it(
    program: SupervisedProgram, tmp_path: Path
) -> None:
    """PostgreSQL under root."""
    config = configparser.RawConfigParser()
    layout = Layout(tmp_path, tmp_path / "state")
    config.read_string(configuration(layout, [replace(program, user=User(101, 104, "postgres"))]))
    assert config["program:api"]["user"] == "postgres"
