"""Configuration files as plain processes need them."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from burnrate.stack.addresses import AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.render.renderer import (
    PathMap,
    Renderer,
    mounted_files,
    place,
    without_targets,
    write_files,
)

PATHS = PathMap(
    {
        "/etc/prometheus": Path("/here/etc"),
        "/etc/prometheus/rules": Path("/here/rules"),
        "/prometheus": Path("/here/data"),
        "/run/secrets/token": Path("/here/secrets/token"),
    }
)
FOLDERS = PathMap({"/etc/x.d/a.x": Path("/here/x.d/a.x")}, {"/etc/x.d": Path("/here/x.d")})
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--config.file=/etc/prometheus/prometheus.yml", "--config.file=/here/etc/prometheus.yml"),
        ("/etc/prometheus/rules/a.yml", "/here/rules/a.yml"),
        ("--storage.tsdb.path=/prometheus", "--storage.tsdb.path=/here/data"),
        ('credentials_file: "/run/secrets/token"', 'credentials_file: "/here/secrets/token"'),
        ("`cat /run/secrets/token`", "`cat /here/secrets/token`"),
        ("file:///prometheus/x", "file:///here/data/x"),
        ("in /prometheus.", "in /here/data."),
        # Other names, other places, URLs.
        ("/prometheus.yml", "/prometheus.yml"),
        ("/prometheus-old", "/prometheus-old"),
        ("/mnt/prometheus", "/mnt/prometheus"),
        ("/run/secrets/token2", "/run/secrets/token2"),
        ("http://localhost:9090/prometheus", "http://localhost:9090/prometheus"),
        ("http://{{ host }}/prometheus", "http://{{ host }}/prometheus"),
    ],
)
def test_mounted_paths_become_paths_of_this_machine(text: str, expected: str) -> None:
    """The longest mount wins; what only looks alike stays."""
    assert PATHS.translate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/etc/x.d", "/here/x.d"),
        ("--config=/etc/x.d/", "--config=/here/x.d/"),
        ("/etc/x.d/*.x", "/here/x.d/*.x"),
        ("/etc/x.d/a.x", "/here/x.d/a.x"),
        ("/etc/x.d/b.x", "/etc/x.d/b.x"),
        ("/etc/x.dd", "/etc/x.dd"),
    ],
)
def test_a_folder_of_mounted_files_is_mapped_where_it_is_named_as_a_whole(
    text: str, expected: str
) -> None:
    """Files mounted one by one make a folder; what else an image has in it is not here."""
    assert FOLDERS.translate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/etc/x.d", []),
        ("--config=/etc/x.d/a.x", []),
        ("/etc/x.d/b.x", ["/etc/x.d/b.x"]),
        ("--config=/etc/y", ["/etc/y"]),
        ("-f /etc/x.d -g /srv/y", ["/srv/y"]),
        ("$__file{/srv/y}", ["/srv/y"]),
        ("file:///srv/y", ["/srv/y"]),
        ("/usr/share/x:/dev/stdout", []),
        ("http://x:80/srv?a=b/c", []),
        ("^/(dev|proc)($|/)", []),
    ],
)
def test_an_absolute_path_is_mounted_or_the_systems_or_unexplained(
    text: str, expected: list[str]
) -> None:
    """Wherever it stands in an argument; URLs and patterns are none."""
    assert FOLDERS.unexplained(text) == expected


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(sorted(PATHS.paths)))
def test_everything_below_a_mount_moves_with_it(steps: list[str], target: str) -> None:
    """The part below the mount is kept, whatever it is called."""
    below = "/".join(steps)
    nested = [t for t in PATHS.paths if f"{target}/{below}/".startswith(f"{t}/")]
    winner = max(nested, key=len)
    rest = f"{target}/{below}".removeprefix(winner)
    assert PATHS.translate(f"x={target}/{below}") == f"x={PATHS.paths[winner]}{rest}"


@given(st.text())
def test_without_mounts_nothing_changes(text: str) -> None:
    """No path map, no translation."""
    assert PathMap({}).translate(text) == text


def _renderer(*absent: str) -> Renderer:
    return Renderer("prometheus", AddressMap(), PATHS, absent)


def test_a_file_gets_addresses_and_paths(tmp_path: Path) -> None:
    """Both kinds of translation meet in one file."""
    source = tmp_path / "a.yml"
    source.write_text("targets: ['redis:6379']\nfile: /run/secrets/token\n", encoding="utf-8")
    expected = "targets: ['127.0.0.1:15379']\nfile: /here/secrets/token\n"
    assert _renderer().file(source) == expected.encode()


def test_a_file_that_is_no_text_is_copied_as_it_is(tmp_path: Path) -> None:
    """An image among dashboards survives."""
    content = b"\x89PNG\xff\xfe redis:6379"
    source = tmp_path / "a.png"
    source.write_bytes(content)
    assert _renderer().file(source) == content


def test_an_address_that_nothing_here_has_is_an_error_that_names_file_and_address(
    tmp_path: Path,
) -> None:
    """A forgotten address would otherwise be a part that silently reaches nothing."""
    source = tmp_path / "a.yml"
    source.write_text("url: http://docker-proxy:2375\n", encoding="utf-8")
    with pytest.raises(StackError, match=r"a\.yml: docker-proxy:2375 "):
        _renderer().file(source)


def test_targets_that_cannot_run_here_are_not_scraped() -> None:
    """A part that is not installed must not look like one that is down."""
    text = """
global: {scrape_interval: 15s}
scrape_configs:
  - job_name: loki
    static_configs: [{targets: ["loki:3100"], labels: {service: loki}}]
  - job_name: both
    static_configs: [{targets: ["loki:3100", "api:8000"], labels: {service: x}}]
  - job_name: found
    file_sd_configs: [{files: [a.json]}]
"""
    document = yaml.safe_load(without_targets(text, {"loki"}))
    assert document["global"] == {"scrape_interval": "15s"}
    assert document["scrape_configs"] == [
        {
            "job_name": "both",
            "static_configs": [{"targets": ["api:8000"], "labels": {"service": "x"}}],
        },
        {"job_name": "found", "file_sd_configs": [{"files": ["a.json"]}]},
    ]


def test_a_mounted_directory_keeps_its_shape(tmp_path: Path) -> None:
    """Files are found where the container has them."""
    (tmp_path / "rules/deep").mkdir(parents=True)
    (tmp_path / "rules/deep/a.yml").touch()
    found = list(mounted_files(tmp_path / "rules", "/etc/prometheus/rules"))
    assert found == [(tmp_path / "rules/deep/a.yml", "/etc/prometheus/rules/deep/a.yml")]


def test_a_mount_of_nothing_is_an_error(tmp_path: Path) -> None:
    """Docker would make a directory of that name; we say it."""
    with pytest.raises(StackError, match="which does not exist"):
        list(mounted_files(tmp_path / "missing", "/etc/x"))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/etc/prometheus/rules/a.yml", "/e/rules/a.yml"),
        ("/etc/other/a.yml", "/e/etc/other/a.yml"),
        ("/docker-entrypoint-initdb.d/a.sql", "/e/docker-entrypoint-initdb.d/a.sql"),
    ],
)
def test_files_are_kept_by_their_path_in_the_container(target: str, expected: str) -> None:
    """Relative references between mounted files hold."""
    assert place(Path("/e"), "prometheus", target) == Path(expected)


def test_written_files_replace_what_was_there(tmp_path: Path) -> None:
    """A file that left the tree leaves the copy, too."""
    directory = tmp_path / "etc"
    write_files(directory, {directory / "a/old.yml": b"1"})
    write_files(directory, {directory / "b/new.yml": b"2"})
    assert [p.name for p in directory.rglob("*") if p.is_file()] == ["new.yml"]
    assert (directory / "b").stat().st_mode & 0o777 == 0o755
    assert (directory / "b/new.yml").stat().st_mode & 0o777 == 0o644


def test_unchanged_files_are_left_alone(tmp_path: Path) -> None:
    """A running part keeps the very files it has open."""
    directory = tmp_path / "etc"
    write_files(directory, {directory / "a.yml": b"1"})
    inode = (directory / "a.yml").stat().st_ino
    write_files(directory, {directory / "a.yml": b"1"})
    assert (directory / "a.yml").stat().st_ino == inode
