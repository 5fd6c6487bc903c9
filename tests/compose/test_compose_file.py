"""docker-compose.yml: what every container must have, and that what it mounts is there."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.compose.servers import ROOT

_DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
_SERVICES: dict[str, dict[str, Any]] = _DOCUMENT["services"]
_NAMES = sorted(_SERVICES)
# `${NAME_IMAGE:-name:tag}`
_IMAGE = re.compile(r"\$\{(?P<variable>[A-Z_]+_IMAGE):-(?P<name>[a-z0-9./_-]+):(?P<tag>[^}]+)\}")
# The one image with nothing in it but its program; Prometheus' `up` is its check.
_WITHOUT_HEALTH_CHECK = {"nginx-exporter"}

every_service = pytest.mark.parametrize("name", _NAMES)


def _mounts(service: dict[str, Any]) -> list[dict[str, Any]]:
    mounts = []
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            # A variable's default holds a colon of its own.
            source, target, mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")
            volume = {"source": source, "target": target, "read_only": mode == "ro", "short": True}  # noqa: PLW2901
        mounts.append(volume)
    return mounts


def test_all_parts_are_there() -> None:
    """The stack is these parts and no others."""
    assert set(_NAMES) == {
        "alertmanager", "alloy", "api", "docker-proxy", "grafana", "inbox", "loki", "nginx",
        "nginx-exporter", "node-exporter", "postgres", "postgres-exporter", "prometheus", "redis",
        "redis-exporter", "tempo",
    }  # fmt: skip


@every_service
def test_container_is_hardened(name: str) -> None:
    """No container runs as root, writes to its root, or can gain a right it was not given."""
    service = _SERVICES[name]

    assert re.fullmatch(
        r"\$\{BURNRATE_UID:\?[^}]+\}:\$\{BURNRATE_GID:\?[^}]+\}", str(service["user"])
    )
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for grant in ("privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "userns_mode"):
        assert grant not in service


@every_service
def test_container_is_limited(name: str) -> None:
    """Memory, processes and logs of every container have a bound, and it is restarted."""
    service = _SERVICES[name]

    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 512
    assert service["logging"]["driver"] == "json-file"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])


@every_service
def test_container_has_a_health_check(name: str) -> None:
    """A check that asks the program itself; a container without one is on a list."""
    if name in _WITHOUT_HEALTH_CHECK:
        assert "healthcheck" not in _SERVICES[name]
        return
    check = _SERVICES[name]["healthcheck"]

    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    # The start order waits for these, and an engine before 25 knows no other interval.
    assert check["interval"] == "5s"
    assert "start_interval" not in check
    assert not {"true", "exit 0", "|| true"} & set(check["test"])


@every_service
def test_memory_that_is_mounted_belongs_to_its_user(name: str) -> None:
    """Otherwise it may be root's after a restart, and the part never comes back."""
    for entry in _SERVICES[name].get("tmpfs", []):
        path, _, options = entry.partition(":")
        assert re.fullmatch(r"/[a-z/]+", path)
        assert {"uid=${BURNRATE_UID}", "gid=${BURNRATE_GID}"} < set(options.split(",")), entry


@every_service
def test_image_is_pinned_and_can_be_replaced(name: str) -> None:
    """A tag names one version, and a variable of .env.example another image."""
    image = _IMAGE.fullmatch(_SERVICES[name]["image"])

    assert image, f"{name}: {_SERVICES[name]['image']}"
    example = (ROOT / ".env.example").read_text()
    assert f"#{image['variable']}={image['name']}:{image['tag']}\n" in example
    if image["name"] != "burnrate":
        assert re.match(r"v?\d+\.\d+", image["tag"])


@every_service
def test_only_loopback_ports_are_published(name: str) -> None:
    """Nothing of the stack can be reached from another machine."""
    for port in _SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port), port


def test_published_parts_are_those_people_open() -> None:
    """Whatever has no page for people has no port on the host."""
    published = {name for name in _NAMES if "ports" in _SERVICES[name]}

    assert published == {"nginx", "inbox", "prometheus", "alertmanager", "grafana"}


@every_service
def test_mounted_files_exist(name: str) -> None:
    """Docker makes a folder where a mounted file is missing, and the part fails in riddles."""
    for mount in _mounts(_SERVICES[name]):
        source = mount["source"]
        if mount.get("short"):
            assert mount["read_only"], f"{source}: a configuration is mounted read-only"
        if source.startswith("./.burnrate/data"):
            assert mount["bind"] == {"create_host_path": False}
        elif source.startswith("./.burnrate/config/"):
            # Made of the file of that name in the tree.
            assert (ROOT / source.removeprefix("./.burnrate/config/")).exists(), source
        elif source.startswith("./"):
            assert (ROOT / source).exists(), source


@every_service
def test_secrets_are_declared_and_no_password_is_in_the_environment(name: str) -> None:
    """A password reaches a part as a file and never as a variable."""
    service = _SERVICES[name]

    assert set(service.get("secrets", [])) <= set(_DOCUMENT["secrets"])
    for variable, value in service.get("environment", {}).items():
        if "PASSWORD" in variable or "TOKEN" in variable or "PASS_" in variable:
            path = re.fullmatch(r"(?:\$\$__file\{)?/run/secrets/(\w+)\}?", str(value))
            assert path, variable
            assert path[1] in service["secrets"]


def test_only_the_proxy_sees_the_docker_socket() -> None:
    """Whoever can write to that socket is root on the host."""
    holders = {
        name
        for name in _NAMES
        for mount in _mounts(_SERVICES[name])
        if "docker.sock" in mount["source"] or mount["source"] in {"/", "/run", "/var/run"}
    }

    assert holders == {"docker-proxy"}
    on_its_network = {name for name in _NAMES if "docker-socket" in _SERVICES[name]["networks"]}
    assert on_its_network == {"docker-proxy", "alloy"}
    assert _DOCUMENT["networks"]["docker-socket"]["internal"] is True


def test_networks_keep_the_edge_apart() -> None:
    """The edge reaches the api and its exporter alone, and the databases have no way out."""
    members = {
        network: {name for name in _NAMES if network in _SERVICES[name]["networks"]}
        for network in _DOCUMENT["networks"]
    }

    assert members["edge"] == {"nginx", "api"}
    assert members["status"] == {"nginx", "nginx-exporter"}
    assert set(_SERVICES["nginx"]["networks"]) == {"edge", "status"}
    assert members["data"] == {
        "api", "postgres", "redis", "postgres-exporter", "redis-exporter",
    }  # fmt: skip
    assert _DOCUMENT["networks"]["data"]["internal"] is True


def test_start_order_has_no_circle_and_waits_for_health() -> None:
    """Each part waits for healthy ones, and some part waits for none."""
    started: set[str] = set()
    waiting = {name: set(_SERVICES[name].get("depends_on", {})) for name in _NAMES}
    while ready := {name for name, needs in waiting.items() if needs <= started}:
        started |= ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}

    assert waiting == {}
    for service in _SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert needed not in _WITHOUT_HEALTH_CHECK


def test_api_has_longer_to_stop_than_its_requests_to_end() -> None:
    """Docker must not cut short what gunicorn's graceful time allows (25 s)."""
    assert int(_SERVICES["api"]["stop_grace_period"].removesuffix("s")) >= 35


def test_image_holds_no_secret() -> None:
    """The build context is a list of what goes in; the state folder is not on it."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith("!") and rule[1:2] == "."]


def _compose() -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, "version"], capture_output=True, check=False)
            if done.returncode == 0 and b" v1." not in done.stdout:
                return command
    pytest.skip("no Docker Compose v2 on this machine")


def test_compose_accepts_the_file() -> None:
    """Compose itself reads the file and fills in its variables."""
    environment = {**os.environ, "BURNRATE_UID": "1000", "BURNRATE_GID": "1000"}
    command = [*_compose(), "--project-directory", str(ROOT), "config", "--format", "json"]

    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert sorted(services) == _NAMES
    assert {port["host_ip"] for s in services.values() for port in s.get("ports", [])} == {
        "127.0.0.1"
    }


def test_compose_says_what_to_do_without_init() -> None:
    """Without the user's ids it stops and names the command that writes them."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BURNRATE_")}
    command = [*_compose(), "--env-file", os.devnull, "config", "-q"]

    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "run make init once, or make up" in done.stderr
