"""A service is added as a whole, or refused with a reason."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.service.adding import check_new, removal
from burnrate.service.change import changed, with_generated
from burnrate.service.errors import ServiceError
from burnrate.service.inventory import Inventory
from burnrate.service.sources import objectives, read_source
from burnrate.service.wanted import SLO_FOLDER, Wanted, checked_name, pairs, target_address
from burnrate.slo.errors import SpecError
from burnrate.slo.specification.sources import source_names
from tests.servers.checkout import ROOT
from tests.support.copies import others

_OBJECTIVES: Mapping[str, Any] = {
    "availability": 99.9,
    "latency": {"objective": 99, "threshold": "250ms"},
}
_SHOP = Wanted(
    name="shop",
    job="shop",
    source="burnrate",
    objectives=_OBJECTIVES,
    targets=("shop.example.org:9464",),
    reports_on="shop",
    labels={"team": "checkout"},
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the generator reads, with the shipped service alone."""
    for name in ("prometheus", "loki"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=others)
    shutil.copyfile(ROOT / "burnrate.yml", tmp_path / "burnrate.yml")
    for name in ("alerting/alertmanager.yml", "docs/slo-detection.md"):
        (tmp_path / name).parent.mkdir()
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def _files(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_added_is_removed_without_a_trace(checkout: Path) -> None:
    """Specification, settings, targets, rules, their tests and the table of times."""
    before = _files(checkout)
    there = Inventory.read(checkout)
    check_new(_SHOP, there, is_shared=False)
    with changed(checkout, with_generated(checkout, _SHOP.files(), there.configuration)):
        added = Inventory.read(checkout)

    shop = next(each for each in added.services if each.name == "shop")
    assert [slo.name for slo in shop.slos] == ["availability", "latency"]
    assert shop.alert_labels == {"team": "checkout"}
    (group,) = yaml.safe_load((checkout / "prometheus/targets/shop.yml").read_text())
    assert group == {
        "targets": ["shop.example.org:9464"],
        "labels": {"job": "shop", "service": "shop"},
    }
    assert (checkout / "prometheus/rules/slo-shop-latency.yml").is_file()
    gone = removal(added, shop)
    with changed(checkout, with_generated(checkout, gone, added.configuration)):
        pass
    # The table may have had other services, which this copy leaves out.
    table = Path("docs/slo-detection.md")
    after = _files(checkout)
    assert b"shop" not in after[table]
    assert {**after, table: before[table]} == before


def test_what_fails_afterwards_changes_nothing(checkout: Path) -> None:
    """A reload that is refused, or Ctrl-C while Prometheus is asked."""
    before = _files(checkout)
    files = {**_SHOP.files(), Path("prometheus/slo/api.yml"): None}

    def interrupted() -> None:
        with changed(checkout, files):
            assert (checkout / SLO_FOLDER / "shop.yml").is_file()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert _files(checkout) == before


def test_what_the_generator_refuses_is_never_written(checkout: Path) -> None:
    """It is tried in a copy."""
    before = _files(checkout)
    latency = {"objective": 99, "threshold": "251ms"}
    wrong = replace(_SHOP, objectives={**_OBJECTIVES, "latency": latency})

    with pytest.raises(SpecError, match=r"^prometheus/slo/shop\.yml:.*251"):
        with_generated(checkout, wrong.files(), Inventory.read(checkout).configuration)

    assert _files(checkout) == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "api"}, r"there is a service api already \(prometheus/slo/api.yml\)"),
        ({"name": "redis"}, "redis is a part of the stack"),
        ({"name": "node"}, "label service=node already, of the job node"),
        ({"job": "front-door"}, "the job front-door counts api already"),
        ({"job": "prometheus"}, "the job prometheus is in prometheus/prometheus.yml already"),
        ({"targets": ("api:8000",)}, r"api:8000 is a target of the job api already"),
        ({"targets": ()}, "nothing says where the job shop is scraped: add --target"),
        ({"identity": {"cluster": "eu"}}, "asks for no --identity"),
    ],
)
def test_what_would_be_counted_twice_is_refused(
    changes: dict[str, Any], reason: str, checkout: Path
) -> None:
    """With what to do instead."""
    with pytest.raises(ServiceError, match=reason):
        check_new(replace(_SHOP, **changes), Inventory.read(checkout), is_shared=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- targets: [x", r"^prometheus/targets/other.yml:1: expected ',' or '\]'"),
        (b"\xff\xfe", "^prometheus/targets/other.yml: .*invalid start byte"),
        (b"a: b", "^prometheus/targets/other.yml: a list of targets is needed$"),
        (b"- a: b", "^prometheus/targets/other.yml: targets with labels are needed$"),
    ],
)
def test_a_file_of_targets_that_cannot_be_read_is_named(
    checkout: Path, content: bytes, said: str
) -> None:
    """By its place in the team's repository, not in what is laid together of it."""
    (checkout / "prometheus/targets/other.yml").write_bytes(content)

    with pytest.raises(ServiceError, match=said):
        Inventory.read(checkout)


def test_services_behind_one_proxy_share_its_targets(checkout: Path) -> None:
    """The second one needs no target, and the first one leaves them behind."""
    shop, blog = (
        replace(_SHOP, name=name, job="traefik", source="traefik", reports_on="traefik", labels={})
        for name in ("shop", "blog")
    )
    source = read_source("traefik", checkout / SLO_FOLDER)
    told = objectives(source, 99.9, 99, None)
    assert told["latency"]["threshold"] == "300ms"
    blog = replace(blog, targets=())
    for each in (shop, blog):
        there = Inventory.read(checkout)
        wanted = replace(each, objectives=told)
        check_new(wanted, there, is_shared=source.select is not None)
        with changed(checkout, wanted.files()):
            pass
    there = Inventory.read(checkout)
    assert Path("prometheus/targets/traefik.yml") not in removal(there, there.named("shop")[0])


@pytest.mark.parametrize("name", source_names())
def test_each_source_has_objectives_without_more_words(name: str, checkout: Path) -> None:
    """The usual threshold is a bound of its histogram, or the next one."""
    source = read_source(name, checkout / SLO_FOLDER)
    wanted = replace(
        _SHOP, source=name, objectives=objectives(source, 99.9, 99, None), job="shop-counts"
    )
    for path, text in wanted.files().items():
        (checkout / path).write_text(text)

    (shop,) = Inventory.read(checkout).named("shop")

    assert [slo.name for slo in shop.slos] == ["availability", "latency"]
    assert {slo.job for slo in shop.slos} == {"shop-counts"}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("localhost:8000", "host.docker.internal:8000"),
        ("127.0.0.1:8000", "host.docker.internal:8000"),
        ("[::1]:8000", "host.docker.internal:8000"),
        ("0.0.0.0:8000", "host.docker.internal:8000"),
        ("[::]:8000", "host.docker.internal:8000"),
        ("127.0.1.1:8000", "host.docker.internal:8000"),
        ("localhost.:8000", "host.docker.internal:8000"),
        ("[::ffff:127.0.0.1]:8000", "host.docker.internal:8000"),
        ("shop_web.example.org.:80", "shop_web.example.org.:80"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("shop.example.org:9464", "shop.example.org:9464"),
    ],
)
def test_this_machine_has_the_name_that_containers_know(given: str, address: str) -> None:
    """Others keep theirs."""
    assert target_address(given) == address


@pytest.mark.parametrize(
    "text",
    [
        "shop",
        "shop:",
        ":80",
        "shop:0",
        "shop:65536",
        "http://shop:80",
        "a b:80",
        "a:80/m",
        "a@b:80",
        "a..b:80",
        ".a:80",
        "-a:80",
        f"{'a' * 64}:80",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    """And what one is is said."""
    with pytest.raises(ServiceError, match="write HOST:PORT"):
        target_address(text)


@pytest.mark.parametrize(
    "text", ["", "Shop", "shop_1", "shop/eu", "-shop", "shop.settings", "ü", "a" * 63]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    """It is a label, and a part of files' names."""
    with pytest.raises(ServiceError, match="no name for a service"):
        checked_name(text)


def test_what_is_no_pair_is_refused() -> None:
    """The option is named."""
    assert pairs(("team=a=b",), "--label") == {"team": "a=b"}
    with pytest.raises(ServiceError, match="--label 'team': write NAME=VALUE"):
        pairs(("team",), "--label")
