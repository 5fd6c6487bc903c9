"""The parts that run where their programs are on the PATH: Grafana, Loki, Tempo, Alloy."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers.checkout import Checkout, copied_checkout
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NAMES = ("grafana", "loki", "tempo", "alloy")
STANDIN = Path(__file__).with_name("standin.py")
# Root's own may be where no other user gets.
SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin") or sys.executable


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """A folder with a program of each name that checks what it is given.

    Only its owner gets there, as into a home folder.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NAMES:
        program = folder / name
        program.write_text(
            f"#!{SYSTEM_PYTHON}\n{STANDIN.read_text(encoding='utf-8')}", encoding="utf-8"
        )
        program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def real() -> Iterator[Checkout]:
    """A stack with those of the four that are installed."""
    if not any(shutil.which(name) for name in NAMES):
        pytest.skip(f"none of {', '.join(NAMES)} is installed")
    with copied_checkout() as checkout:
        checkout.up()
        yield checkout


def _require(*names: str) -> None:
    if missing := [name for name in names if shutil.which(name) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed")


def test_each_finds_all_that_its_arguments_and_variables_name(stand_ins: Path) -> None:
    """Everything is where it is told to look, and Alloy reads its two files."""
    path = f"{stand_ins}:{os.environ['PATH']}"
    with copied_checkout(PATH=path) as checkout:
        checkout.up()
        rows = checkout.status()
        assert {name: rows[name]["health"] for name in NAMES} == dict.fromkeys(NAMES, "healthy")
        log = (checkout.path / ".burnrate/logs/alloy.log").read_text(encoding="utf-8")
        assert "reads containers.alloy, pipeline.alloy\n" in log


def test_nobody_logs_in_to_grafana_with_its_default_password(real: Checkout) -> None:
    """The generated one alone opens it."""
    _require("grafana")
    url = real.url("grafana", "/login")
    secret = (real.path / ".burnrate/secrets/grafana_admin_password").read_text(encoding="utf-8")
    answers = {
        password: httpx2.post(url, json={"user": "admin", "password": password}).status_code
        for password in ("admin", secret.strip())
    }
    assert answers == {"admin": 401, secret.strip(): 200}


def test_alloy_ships_what_the_parts_print(real: Checkout) -> None:
    """It is healthy without a component as well, where it does not find its files."""
    _require("alloy", "loki")
    url = f"http://127.0.0.1:{real.ports['LOKI_PORT']}/loki/api/v1/query_range"

    def shipped() -> bool:
        answer = httpx2.get(url, params={"query": '{service="api"}', "since": "1h"})
        return bool(answer.raise_for_status().json()["data"]["result"])

    wait_until(shipped, "a line of the api in Loki")
