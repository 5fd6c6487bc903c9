"""What the other parts' files say of the instances of the service."""

from pathlib import Path

import pytest
import yaml

from burnrate.stack.errors import StackError
from burnrate.stack.render import container_instance_files, instance_files

CHECKOUT = Path(__file__).resolve().parents[3]
NGINX = Path("nginx/nginx.conf")
PROMETHEUS = Path("prometheus/prometheus.yml")
POSTGRES = Path("postgres/postgresql.conf")


def test_one_instance_is_what_the_files_are_for() -> None:
    """They stay as they are."""
    assert instance_files(CHECKOUT, {}, ["api"]) == {}


def test_several_are_named_wherever_one_is() -> None:
    """The proxy asks each and, when all are out, each once more; Prometheus scrapes each."""
    files = instance_files(CHECKOUT, {}, ["api", "api-2"])
    servers = [line.strip() for line in files[NGINX].splitlines() if "server api" in line]
    assert servers == [
        "server api:8000 fail_timeout=30s;",
        "server api-2:8000 fail_timeout=30s;",
        "server api:8000 backup max_fails=0;",
        "server api-2:8000 backup max_fails=0;",
    ]
    targets = '      - targets: ["api:8000", "api-2:8000"]\n'
    assert targets in files[PROMETHEUS]
    assert "\nmax_connections = 170\n" in files[POSTGRES]


def test_what_is_rendered_already_is_kept() -> None:
    """The limits of clients are in the same file."""
    made = {NGINX: "upstream api {\n    server api:8000;\n}\n# mine\n"}
    assert instance_files(CHECKOUT, made, ["api", "api-2"])[NGINX].endswith("# mine\n")


def test_a_file_without_a_place_for_them_is_named() -> None:
    """A team's own nginx.conf, with servers of its own."""
    made = {NGINX: "upstream api { server a:1; server b:1; }\n"}
    with pytest.raises(StackError, match=r"API_INSTANCES is 2, and nginx/nginx\.conf has no place"):
        instance_files(CHECKOUT, made, ["api", "api-2"])


@pytest.mark.parametrize("count", [1, 4])
def test_containers_are_followed_by_name_and_scraped_each_by_its_own(count: int) -> None:
    """By nginx, again and again; to Prometheus each is called as the instance of that number."""
    names = ["api", "api-2", "api-3", "api-4"][:count]

    files = container_instance_files(CHECKOUT, {}, names, "two")

    block = files[NGINX].partition("upstream api {")[2].partition("}")[0]
    lines = [line.strip() for line in block.splitlines()]
    start = lines.index("resolver 127.0.0.11 valid=1s ipv6=off;")
    assert lines[start + 1 : start + 3] == [
        "include /run/nginx/instances.conf;",
        "server api:8000 resolve backup max_fails=0;",
    ]
    assert files[NGINX].count("\n    keepalive_min_timeout 2s;\n") == 1
    (job, *_) = yaml.safe_load(files[PROMETHEUS])["scrape_configs"]
    assert job["static_configs"] == [
        {
            "targets": [f"two-api-{number}:8000"],
            "labels": {"service": "api", "instance": f"{name}:8000"},
        }
        for number, name in enumerate(names, 1)
    ]
    assert f"\nmax_connections = {120 + 50 * (count - 1)}\n" in files[POSTGRES]


def test_one_container_needs_no_place_in_a_teams_own_files() -> None:
    """Only of several nobody could know where they belong."""
    own = "upstream shop { server shop:9000; }\n"
    made = {NGINX: own, PROMETHEUS: "scrape_configs: []\n"}
    files = container_instance_files(CHECKOUT, made, ["api"], "burnrate")
    assert not files.keys() & made.keys()
    with pytest.raises(StackError, match=r"API_INSTANCES is 2, and nginx/nginx\.conf has no place"):
        container_instance_files(CHECKOUT, made, ["api", "api-2"], "burnrate")
