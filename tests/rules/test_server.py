"""prometheus.yml and all rules in the real server that is on the PATH."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from burnrate.stack import free_port
from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
_PROMETHEUS = ROOT / "prometheus"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[ServerProcess, str]]:
    """Prometheus with the shipped configuration, and its address; its targets are not there."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    port = free_port()
    process = ServerProcess(
        [
            "prometheus",
            f"--config.file={_PROMETHEUS / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={HOST}:{port}",
        ],
        tmp_path / "log",
        port=port,
    )
    with process.running():
        yield process, f"http://{HOST}:{port}"


def test_every_rule_is_loaded_and_nothing_is_complained_of(
    server: tuple[ServerProcess, str],
) -> None:
    """As they are written: no rule is dropped, renamed or warned about."""
    process, url = server
    wait_until(lambda: httpx2.get(f"{url}/-/ready").is_success, "the first load")
    answer: dict[str, Any] = httpx2.get(f"{url}/api/v1/rules").json()

    loaded = [(g["name"], r["name"]) for g in answer["data"]["groups"] for r in g["rules"]]
    written = [
        (group["name"], rule.get("record") or rule["alert"])
        for path in sorted(_PROMETHEUS.glob("rules/*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]
    assert sorted(loaded) == sorted(written)
    assert len({group for group, _ in written}) == len(answer["data"]["groups"])
    told = [line for line in process.output().splitlines() if "level=info" not in line.lower()]
    # Names of the stack mean nothing on this machine.
    assert [line for line in told if "no such host" not in line and "lookup" not in line] == []
