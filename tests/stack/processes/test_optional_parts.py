"""The parts that run where their programs are on the PATH: Grafana, Loki, Tempo, Alloy."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers.checkout import Checkout, copied_checkout

pytestmark = pytest.mark.integration

NAMES = ("grafana", "loki", "tempo", "alloy")
STANDIN = Path(__file__).with_name("standin.py")


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """A folder with a program of each name that checks what it is given."""
    for name in NAMES:
        program = tmp_path / name
        program.write_text(
            f"#!{sys.executable}\n{STANDIN.read_text(encoding='utf-8')}", encoding="utf-8"
        )
        program.chmod(0o755)
    return tmp_path


@pytest.fixture(scope="module")
def real_grafana() -> Iterator[Checkout]:
    """A stack with Grafana itself."""
    if shutil.which("grafana") is None:
        pytest.skip("grafana is not installed")
    with copied_checkout() as checkout:
        checkout.up()
        yield checkout


def test_each_finds_all_that_its_arguments_and_variables_name(stand_ins: Path) -> None:
    """Everything is where it is told to look, and Alloy reads its two files."""
    path = f"{stand_ins}:{os.environ['PATH']}"
    with copied_checkout(PATH=path) as checkout:
        checkout.up()
        rows = checkout.status()
        assert {name: rows[name]["health"] for name in NAMES} == dict.fromkeys(NAMES, "healthy")
        log = (checkout.path / ".burnrate/logs/alloy.log").read_text(encoding="utf-8")
        assert "reads containers.alloy, pipeline.alloy\n" in log


def test_nobody_logs_in_to_grafana_with_its_default_password(real_grafana: Checkout) -> None:
    """The generated one alone opens it."""
    url = f"http://127.0.0.1:{real_grafana.ports['GRAFANA_PORT']}/login"
    secret = (real_grafana.path / ".burnrate/secrets/grafana_admin_password").read_text(
        encoding="utf-8"
    )
    answers = {
        password: httpx2.post(url, json={"user": "admin", "password": password}).status_code
        for password in ("admin", secret.strip())
    }
    assert answers == {"admin": 401, secret.strip(): 200}
