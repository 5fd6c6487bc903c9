"""Text and files of a part, with this machine's addresses and paths."""

from pathlib import Path

import pytest
import yaml

from burnrate.stack.addresses import AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.render import PathMap, Renderer
from burnrate.stack.render.renderer import with_split_addresses, without_targets

PATHS = PathMap({"/etc/burnrate/secrets/token": Path("/here/secrets/token")})


def _renderer(*absent: str) -> Renderer:
    return Renderer("prometheus", AddressMap(), PATHS, absent)


def test_a_file_gets_addresses_and_paths() -> None:
    """Both kinds of translation meet in one file."""
    content = b"targets: ['redis:6379']\nfile: /etc/burnrate/secrets/token\n"
    expected = b"targets: ['127.0.0.1:15379']\nfile: /here/secrets/token\n"
    assert _renderer().file("a.yml", content) == expected


def test_a_file_that_is_no_text_is_copied_as_it_is() -> None:
    """An image among dashboards survives."""
    content = b"\x89PNG\xff\xfe redis:6379"
    assert _renderer().file("a.png", content) == content


def test_an_address_that_nothing_here_has_is_an_error_that_names_file_and_address() -> None:
    """A forgotten address would otherwise be a part that silently reaches nothing."""
    with pytest.raises(StackError, match=r"a\.yml: docker-proxy:2375 "):
        _renderer().file("a.yml", b"url: http://docker-proxy:2375\n")


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


def test_only_pairs_of_host_and_port_are_an_address() -> None:
    """Other hosts and lone variables stay."""
    given = {"A_HOST": "redis", "A_PORT": "6379", "B_HOST": "db.example", "B_PORT": "5432"}
    expected = {**given, "A_HOST": "127.0.0.1", "A_PORT": "15379"}
    assert with_split_addresses(given, AddressMap()) == expected
    assert with_split_addresses({"C_HOST": "redis"}, AddressMap()) == {"C_HOST": "redis"}
