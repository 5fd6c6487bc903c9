"""docs/adopting/second-service.md: a service comes and goes at a running stack, as it says."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from burnrate.stack import free_port
from tests.docs.pages import under
from tests.servers.checkout import ROOT, Checkout
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

_PAGE = ROOT / "docs/adopting/second-service.md"
# The page's may be one that there is.
_NAME = "shop-of-the-tests"
_PROGRAM = """\
from fastapi import FastAPI
from burnrate.telemetry import instrument

app = FastAPI()
instrument(app, service="shop", version="1.2.3")


@app.get("/carts")
def carts() -> list[str]:
    return []
"""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """A second service, a process of its own, which has had a request."""
    (tmp_path / "shop.py").write_text(_PROGRAM)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "shop:app", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    log = (tmp_path / "shop.log").open("w")
    with (
        log,
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            wait_until(lambda: _answers(f"http://127.0.0.1:{port}/carts"), "the shop")
            yield f"localhost:{port}"
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    with suppress(httpx2.TransportError):
        return httpx2.get(url).is_success
    return False


def _files(checkout: Checkout) -> dict[str, bytes]:
    return {
        str(path.relative_to(checkout.path)): path.read_bytes()
        for name in ("prometheus", "docs", "alerting", "loki")
        for path in (checkout.path / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def _ask(checkout: Checkout, path: str, **asked: str) -> dict[str, list[dict[str, object]]]:
    answer = httpx2.get(
        checkout.url("prometheus", f"/api/v1/{path}"), params=asked, timeout=PATIENCE_SECONDS
    )
    found: dict[str, list[dict[str, object]]] = answer.json()["data"]
    return found


def _run(checkout: Checkout, line: str, target: str = "") -> subprocess.CompletedProcess[str]:
    named = line.replace(" shop", f" {_NAME}")
    words = named.replace("localhost:9000", target).split()
    assert words[0] == "burnrate"
    return checkout.run_command(*words[1:])


def test_a_service_comes_and_goes(checkout: Checkout, target: str) -> None:
    """With rules, targets, a place in the inbox and the team's label; nothing of it is left."""
    add, listed = under(_PAGE, "Take it in")[:2]
    (remove,) = under(_PAGE, "Take it in")[2:]
    before = _files(checkout)

    refused = _run(checkout, add, f"localhost:{free_port()}")
    assert refused.returncode == 1
    assert "Connection refused; nothing is changed" in refused.stderr
    assert _files(checkout) == before

    done = _run(checkout, add, target)
    assert done.returncode == 0, done.stderr
    assert "not measured yet" not in done.stdout
    assert "1 of 1  team=checkout" in _run(checkout, listed).stdout
    groups = {str(each["name"]): each for each in _ask(checkout, "rules")["groups"]}
    rules = groups[f"slo-{_NAME}-availability"]["rules"]
    assert isinstance(rules, list)
    assert {each["labels"]["team"] for each in rules if each["type"] == "alerting"} == {"checkout"}
    query = f'slo:total_events:total{{service="{_NAME}", slo="availability"}}'
    wait_until(lambda: _ask(checkout, "query", query=query)["result"], "the ledger")
    wait_until(
        lambda: _answers(checkout.url("inbox", f"/services/{_NAME}")), "its page in the inbox"
    )

    gone = _run(checkout, remove)
    assert gone.returncode == 0, gone.stderr
    assert _files(checkout) == before
    left = [str(each["name"]) for each in _ask(checkout, "rules")["groups"]]
    assert not [name for name in left if _NAME in name]
