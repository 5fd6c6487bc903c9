"""Container paths turned into this machine's."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnrate.stack.render import PathMap

PATHS = PathMap(
    {
        "/etc/prometheus": Path("/here/etc"),
        "/etc/prometheus/rules": Path("/here/rules"),
        "/prometheus": Path("/here/data"),
        "/run/secrets/token": Path("/here/secrets/token"),
    }
)
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
        ("/etc/prometheus", []),
        ("--config=/etc/prometheus/a.x", []),
        ("/etc/prometheus.d/b.x", ["/etc/prometheus.d/b.x"]),
        ("--config=/etc/y", ["/etc/y"]),
        ("-f /prometheus -g /srv/y", ["/srv/y"]),
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
    assert PATHS.unexplained(text) == expected


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
