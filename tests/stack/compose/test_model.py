"""docker-compose.yml as a model."""

from pathlib import Path

import pytest

from burnrate.stack.compose import Compose, Mount, load_compose
from burnrate.stack.errors import StackError


def _load(tmp_path: Path, text: str, **environment: str) -> Compose:
    path = tmp_path / "docker-compose.yml"
    path.write_text(text, encoding="utf-8")
    return load_compose(path, environment)


def test_long_and_short_forms_mean_the_same(tmp_path: Path) -> None:
    """A list or a map, a string or a list: one model."""
    compose = _load(
        tmp_path,
        """
        services:
          short:
            command: serve --now
            environment: ["A=1", "B=x=y", "C="]
            depends_on: [long]
            tmpfs: /tmp
            volumes: ["a-data:/data:ro"]
          long:
            command: [serve, --now]
            environment: {A: 1, B: x=y, C: "", D: true, E: null}
            depends_on: {short: {condition: service_healthy}}
            tmpfs: ["/tmp:size=16m"]
            volumes: [{type: volume, source: a-data, target: /data, read_only: true}]
        """,
    )
    short, long = compose.services["short"], compose.services["long"]
    assert short.command == long.command == ["serve", "--now"]
    assert short.environment == {"A": "1", "B": "x=y", "C": ""}
    assert long.environment == {"A": "1", "B": "x=y", "C": "", "D": "true", "E": None}
    assert list(short.depends_on) == ["long"]
    assert long.depends_on["short"].condition == "service_healthy"
    assert short.temporary_directories == long.temporary_directories == ["/tmp"]
    expected = Mount(type="volume", source="a-data", target="/data", read_only=True)
    assert short.volumes == long.volumes == [expected]


def test_what_setup_makes_for_a_part_is_read(tmp_path: Path) -> None:
    """Its files, its secrets, what it stores; setup itself is no part."""
    compose = _load(
        tmp_path,
        """
        services:
          setup: {volumes: ["a-data:/volumes/a-data"]}
          a:
            x-files: {a.yml: conf/a.yml}
            x-secrets: [token, other]
            x-optional: no a
            volumes: ["a-config:/etc/burnrate:ro", "a-data:/a"]
          b: {x-secrets: [token], volumes: ["a-data:/seen:ro"]}
        """,
    )
    assert list(compose.parts) == ["a", "b"]
    assert compose.secrets == ["other", "token"]
    assert compose.data_volumes == {"a-data": compose.services["a"]}
    assert compose.services["a"].files == {"a.yml": "conf/a.yml"}
    assert (compose.services["a"].optional, compose.services["b"].optional) == ("no a", None)


def test_a_grace_period_is_read(tmp_path: Path) -> None:
    """In Compose's notation; without one it is Compose's own."""
    compose = _load(tmp_path, "services: {a: {stop_grace_period: 1m30s}, b: {}}")
    assert compose.services["a"].stop_grace_period == 90
    assert compose.services["b"].stop_grace_period == 10


def test_variables_are_replaced_in_values_of_any_depth(tmp_path: Path) -> None:
    """Maps and lists are walked, anchors included."""
    text = "x: &x {image: '${IMAGE:-a}'}\nservices: {s: {<<: *x, command: ['--p=$PORT']}}"
    compose = _load(tmp_path, text, IMAGE="b", PORT="1")
    assert compose.services["s"].image == "b"
    assert compose.services["s"].command == ["--p=1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("services: {a: {stop_grace_period: soon}}", r"services\.a\.stop_grace_period: .*'soon'"),
        ("services: {a: {volumes: [/only]}}", r"services\.a\.volumes\.0: .*names no source"),
        ("services: {a: {x-files: {a: ../b}}}", "'../b' must be a path below the checkout"),
        ("services: {a: {x-files: {/a: b}}}", "'/a' must be a path below the checkout"),
        ("services: {a: {x-secrets: [../b]}}", r"services\.a\.x-secrets\.0: "),
        ("services: {}", "services: "),
        ("services: [", "expected the node content"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_place(
    tmp_path: Path, text: str, place: str
) -> None:
    """File, path inside it, reason."""
    with pytest.raises(StackError, match=place) as caught:
        _load(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_further_instances_are_like_the_first_and_needed_alike() -> None:
    """A service that waits for the first one waits for all of them."""
    services = {
        "api": {"command": "serve"},
        "nginx": {"depends_on": {"api": {"condition": "service_healthy"}}},
        "redis": {},
    }
    made = Compose.model_validate({"services": services}).with_instances(["api", "api-2"])
    assert list(made.services) == ["api", "api-2", "nginx", "redis"]
    assert made.services["api-2"] == made.services["api"]
    assert list(made.services["nginx"].depends_on) == ["api", "api-2"]
    assert made.services["nginx"].depends_on["api-2"].condition == "service_healthy"
