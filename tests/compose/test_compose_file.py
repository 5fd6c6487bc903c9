"""docker-compose.yml: what every container must have, and that what it mounts is there."""

import json
import os
import re
import shutil
import subprocess
from itertools import pairwise
from typing import Any

import pytest
import yaml

from burnrate.interpolation import interpolated
from burnrate.stack.render import TEAM_RECEIVERS, read_configuration, variables_of
from tests.compose.servers import ROOT

_DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
_SERVICES: dict[str, dict[str, Any]] = _DOCUMENT["services"]
_NAMES = sorted(_SERVICES)
# `${NAME_IMAGE:-name:tag}`
_IMAGE = re.compile(r"\$\{(?P<variable>[A-Z_]+_IMAGE):-(?P<name>[a-z0-9./_-]+):(?P<tag>[^}]+)\}")
# The one image with nothing in it but its program; Prometheus' `up` is its check.
_WITHOUT_HEALTH_CHECK = {"nginx-exporter"}
_PARTS = [name for name in _NAMES if name != "setup"]

every_service = pytest.mark.parametrize("name", _NAMES)
every_part = pytest.mark.parametrize("name", _PARTS)


def _mounts(service: dict[str, Any]) -> list[dict[str, Any]]:
    mounts = []
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            # A variable's default holds a colon of its own.
            source, target, *mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")
            mounts.append({"source": source, "target": target, "read_only": mode == ["ro"]})
        else:
            mounts.append(volume)
    return mounts


def test_all_parts_are_there() -> None:
    """The stack is these parts and no others."""
    assert set(_NAMES) == {
        "alertmanager", "alloy", "api", "docker-proxy", "door", "grafana", "inbox", "loki", "nginx",
        "nginx-exporter", "nginx-status", "node-exporter", "postgres", "postgres-exporter",
        "prometheus", "redis", "redis-exporter", "setup", "tempo",
    }  # fmt: skip


@every_service
def test_container_is_hardened(name: str) -> None:
    """No container writes to its root, or can gain a right it was not given."""
    service = _SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    for grant in ("privileged", "devices", "pid", "ipc"):
        assert grant not in service


@every_service
def test_nobody_is_root_but_setup_and_whoever_is_about_to_leave_it(name: str) -> None:
    """Everyone else runs as a fixed user, by number: an image's names may change."""
    service = _SERVICES[name]
    rights = {"setup": ["CHOWN", "DAC_OVERRIDE", "FOWNER"], "docker-proxy": ["SETGID", "SETUID"]}

    assert service.get("cap_add") == rights.get(name)
    if name in rights:
        # The two that see something of the host, which has SELinux' labels for other programs.
        assert service["security_opt"] == ["no-new-privileges:true", "label:disable"]
    else:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.keys() & {"userns_mode", "network_mode"}


def test_docker_proxy_is_root_no_more_before_it_serves() -> None:
    """Its program is started by setpriv, as the image's user with the socket's group."""
    first, _, script, _ = _SERVICES["docker-proxy"]["entrypoint"]

    assert first == "sh"
    assert script.splitlines()[-1].startswith("exec setpriv --reuid=101 --regid=101 --groups=")


@every_service
def test_container_is_limited(name: str) -> None:
    """Memory, processes and logs of every container have a bound, and it is restarted."""
    service = _SERVICES[name]

    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 1024
    assert service["logging"]["driver"] == "json-file"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert service["restart"] == ("no" if name == "setup" else "unless-stopped")
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])


def test_every_limit_has_a_reason() -> None:
    """In the line above it, or for the limit above that."""
    lines = (ROOT / "docker-compose.yml").read_text().splitlines()
    limits = ("mem_limit:", "pids_limit:", "shm_size:")
    assert [
        line
        for above, line in pairwise(lines)
        if line.strip().startswith(limits) and not above.strip().startswith(("#", *limits))
    ] == []


@every_part
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
        # docker-proxy serves as the user nginx.
        uid, gid = _SERVICES[name]["user"].replace("0:0", "101:101").split(":")
        assert {f"uid={uid}", f"gid={gid}"} < set(options.split(",")), entry


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
    """People enter by the door, clients by nginx; nothing else has a port on the host."""
    published = {name for name in _NAMES if "ports" in _SERVICES[name]}

    assert published == {"nginx", "door"}


@every_part
def test_a_part_reads_what_setup_made_for_it_alone(name: str) -> None:
    """Its own volume, read-only; no other part has it, and setup has it to write."""
    service = _SERVICES[name]
    has_some = bool(service.get("x-files") or service.get("x-secrets"))

    targets = {m["target"] for m in _mounts(service) if m["source"] == f"{name}-config"}
    assert ("/etc/burnrate" in targets) is has_some
    for mount in _mounts(service):
        if mount["source"].endswith("-config"):
            assert mount["source"] == f"{name}-config"
            assert mount["read_only"]
    for source in service.get("x-files", {}).values():
        assert (ROOT / source).exists(), source


@every_part
def test_a_part_stores_in_a_volume_of_its_own(name: str) -> None:
    """Which setup gave to its user, and which Docker does not fill from the image."""
    stored = [mount for mount in _mounts(_SERVICES[name]) if mount.get("type") == "volume"]

    assert [mount["source"] for mount in stored] in ([], [f"{name}-data"])
    assert all(mount["volume"] == {"nocopy": True} for mount in stored)


def test_setup_has_every_volume_and_everyone_waits_for_it() -> None:
    """Each at /volumes/<name>; whoever mounts one starts when it is done."""
    mounts = _mounts(_SERVICES["setup"])
    named = {mount["source"] for mount in mounts if not mount["source"].startswith(".")}

    assert named == set(_DOCUMENT["volumes"])
    assert {m["target"] for m in mounts} == {"/checkout", *(f"/volumes/{name}" for name in named)}
    for name in _PARTS:
        if any(mount["source"] in named for mount in _mounts(_SERVICES[name])):
            condition = _SERVICES[name]["depends_on"]["setup"]["condition"]
            assert condition == "service_completed_successfully", name


def test_one_service_builds_the_image_and_nobody_pulls_it() -> None:
    """Two that built one tag would now and then fail on a current engine."""
    own = [name for name in _NAMES if "BURNRATE_IMAGE" in _SERVICES[name]["image"]]

    assert [name for name in _NAMES if "build" in _SERVICES[name]] == ["setup"]
    assert {name: _SERVICES[name].get("pull_policy") for name in own} == {
        "api": "never", "inbox": "never", "setup": None,
    }  # fmt: skip


@every_part
def test_no_password_is_in_the_environment(name: str) -> None:
    """It reaches a part as a file of its own and never as a variable."""
    service = _SERVICES[name]

    for variable, value in service.get("environment", {}).items():
        if "PASSWORD" in variable or "TOKEN" in variable or "PASS_" in variable:
            path = re.fullmatch(r"(?:\$\$__file\{)?/etc/burnrate/secrets/(\w+)\}?", str(value))
            assert path, variable
            assert path[1] in service["x-secrets"]


def test_only_the_proxy_sees_the_docker_socket() -> None:
    """Whoever can write to that socket is root on the host."""
    holders = {
        name
        for name in _NAMES
        for mount in _mounts(_SERVICES[name])
        if "docker.sock" in mount["source"] or mount["source"] in {"/", "/run", "/var/run"}
    }

    assert holders == {"docker-proxy"}
    on_its_network = {name for name in _PARTS if "docker-socket" in _SERVICES[name]["networks"]}
    assert on_its_network == {"docker-proxy", "alloy"}
    assert _DOCUMENT["networks"]["docker-socket"]["internal"] is True


def test_networks_keep_the_edge_apart() -> None:
    """The edge reaches the api, its exporter and relay alone; the databases have no way out.

    The api has networks with what it needs, and with none of the rest.
    """
    members = {
        network: {name for name in _PARTS if network in _SERVICES[name]["networks"]}
        for network in _DOCUMENT["networks"]
    }

    assert members["edge"] == {"nginx", "api"}
    assert members["status"] == {"nginx", "nginx-exporter", "nginx-status"}
    assert set(_SERVICES["nginx"]["networks"]) == {"edge", "status"}
    assert members["data"] == {
        "api", "postgres", "redis", "postgres-exporter", "redis-exporter",
    }  # fmt: skip
    assert members["telemetry"] == {"api", "prometheus", "tempo"}
    assert set(_SERVICES["api"]["networks"]) == {"edge", "data", "telemetry"}
    for network in ("data", "telemetry"):
        assert _DOCUMENT["networks"][network]["internal"] is True


def test_start_order_has_no_circle_and_waits_for_health() -> None:
    """Each part waits for healthy ones, and some part waits for none."""
    started: set[str] = set()
    waiting = {name: set(_SERVICES[name].get("depends_on", {})) for name in _NAMES}
    while ready := {name for name, needs in waiting.items() if needs <= started}:
        started |= ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}

    assert waiting == {}
    for name, service in _SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            if needed != "setup":
                assert how["condition"] in {"service_healthy", "service_started"}, name
            if how["condition"] == "service_healthy":
                assert needed not in _WITHOUT_HEALTH_CHECK


def test_no_optional_part_decides_over_the_start_of_another() -> None:
    """A part that is slow or sick costs what it does itself, and nothing else."""
    optional = {name for name in _NAMES if "x-optional" in _SERVICES[name]}

    assert set(_PARTS) - optional == {
        "alertmanager", "api", "inbox", "nginx", "postgres", "prometheus", "redis",
    }  # fmt: skip
    for name, service in _SERVICES.items():
        for needed in optional & service.get("depends_on", {}).keys():
            assert service["depends_on"][needed]["condition"] == "service_started", name


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
    """Without any setting: a fresh clone has no .env."""
    command = [*_compose(), "--project-directory", str(ROOT), "--env-file", os.devnull]
    command += ["config", "--format", "json"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert sorted(services) == _NAMES
    assert {port["host_ip"] for s in services.values() for port in s.get("ports", [])} == {
        "127.0.0.1"
    }


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"NGINX_PORT": "9000", "DOOR_PORT": "9001", "API_INSTANCES": "2"},
        {"INBOX_URL": "https://inbox.example.org", "DOOR_HOSTS": "desk.example.org"},
        {"IDENTITY_LABELS": "service", "NOTIFY": "slack"},
    ],
)
def test_compose_by_itself_makes_the_same_containers_as_we_do(settings: dict[str, str]) -> None:
    """What is passed on of burnrate.yml says what the file says without it, as long as that is.

    Else `docker compose up` after `make up` would make containers anew, and the other way round.
    """
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    passed_on = variables_of(read_configuration(ROOT, settings))

    assert interpolated(document, settings) == interpolated(document, settings | passed_on)


def test_setup_learns_each_variable_that_burnrate_yml_has_too() -> None:
    """So that it refuses a start by Compose alone in which parts are told something else."""
    # Receivers it reads from burnrate.yml itself.
    for name in variables_of(read_configuration(ROOT, {})).keys() - {TEAM_RECEIVERS}:
        assert _SERVICES["setup"]["environment"][name].startswith(f"${{{name}:-")
