"""PostgreSQL's first start, with an initdb of the test's."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.processes.postgres import Cluster

# Makes what the real one makes, as far as it is looked at, and notes what it was given.
INITDB = """#!/bin/sh
for word; do
    case "$word" in
        --pgdata=*) data=${word#*=} ;;
        --pwfile=*) password=${word#*=} ;;
    esac
    echo "$word" >> "$(dirname "$0")/words"
done
[ ! -e "$(dirname "$0")/broken" ] || { mkdir "$data"; echo "no space left" >&2; exit 1; }
mkdir "$data" && echo 15 > "$data/PG_VERSION" && cp "$password" "$(dirname "$0")/password"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the program."""
    folder = tmp_path / "15/bin"
    folder.mkdir(parents=True)
    (folder / "initdb").write_text(INITDB, encoding="utf-8")
    (folder / "initdb").chmod(0o755)
    monkeypatch.setattr(
        "burnrate.stack.processes.postgres.find_postgres_program",
        lambda name, _version=None: folder / name,
    )
    return folder


def _cluster(tmp_path: Path, programs: Path, environment: Mapping[str, str]) -> Cluster:
    volume, scratch = tmp_path / "data", tmp_path / "run"
    for folder in (volume, scratch):
        folder.mkdir(exist_ok=True)
    variables = {"PGDATA": str(volume / "pgdata"), **environment}
    return Cluster(programs / "postgres", variables, None, volume, scratch, (), 5432)


@pytest.mark.parametrize("ending", ["", "_FILE"])
def test_variables_are_read_as_the_images_entry_script_reads_them(
    tmp_path: Path, programs: Path, ending: str
) -> None:
    """Each one's value, or the file that has it."""
    wanted = {"USER": "burnrate", "PASSWORD": "s3cret", "INITDB_ARGS": "--data-checksums --x='a b'"}
    environment = {}
    for name, value in wanted.items():
        path = tmp_path / name
        path.write_text(f"{value}\n", encoding="utf-8")
        environment[f"POSTGRES_{name}{ending}"] = str(path) if ending else value
    _cluster(tmp_path, programs, environment).create()
    words = (programs / "words").read_text(encoding="utf-8").splitlines()
    assert {"--username=burnrate", "--data-checksums", "--x=a b"} <= set(words)
    assert (programs / "password").read_text(encoding="utf-8") == "s3cret"
    assert list((tmp_path / "run").iterdir()) == []


def test_data_is_complete_or_not_there(tmp_path: Path, programs: Path) -> None:
    """What a failed first start left is made anew by the next one."""
    cluster = _cluster(tmp_path, programs, {"POSTGRES_PASSWORD": "x"})
    (programs / "broken").touch()
    with pytest.raises(StackError, match="postgres: initdb: no space left"):
        cluster.create()
    assert not cluster.directory.exists()
    (programs / "broken").unlink()
    cluster.create()
    assert (cluster.directory / "PG_VERSION").exists()


def test_data_of_another_version_is_refused(tmp_path: Path, programs: Path) -> None:
    """The server would say it too, in its log."""
    cluster = _cluster(tmp_path, programs, {})
    cluster.directory.mkdir()
    (cluster.directory / "PG_VERSION").write_text("14\n", encoding="ascii")
    with pytest.raises(StackError, match="was made by PostgreSQL 14, installed is 15"):
        cluster.create()


def test_data_outside_the_volume_is_refused(tmp_path: Path, programs: Path) -> None:
    """It would be lost with the container, and be anywhere on this machine."""
    cluster = _cluster(tmp_path, programs, {"PGDATA": "/var/lib/elsewhere"})
    with pytest.raises(StackError, match="PGDATA inside its data volume"):
        cluster.create()
