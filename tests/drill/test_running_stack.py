"""A drill refuses anything but a running stack whose faults are switched on."""

from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from burnrate.drill.commands import drill
from burnrate.drill.errors import Refused
from burnrate.drill.running_stack import check_faults
from burnrate.http_client import HttpClient, NoAnswer


def service(status: int, body: object = None) -> HttpClient:
    """A service that answers everything so."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, json=body)

    return HttpClient("the service", "http://127.0.0.1:1", transport=httpx2.MockTransport(answer))


def test_a_service_whose_faults_are_on_may_be_drilled() -> None:
    """It is asked, not the settings file."""
    check_faults(service(200, {"items": []}))


def test_a_service_without_fault_routes_is_refused_with_the_remedy() -> None:
    """Such as any in production."""
    with pytest.raises(Refused, match="faults are off: set FAULTS_ENABLED=true"):
        check_faults(service(404, {"error": "Not found"}))


def test_a_service_that_somebody_else_is_breaking_is_refused() -> None:
    """Whose fault it was could not be told."""
    items = [{"method": "GET", "route": "/posts"}]
    with pytest.raises(Refused, match="injected already, by somebody else: GET /posts"):
        check_faults(service(200, {"items": items}))


def test_a_service_that_cannot_tell_is_refused() -> None:
    """Without Redis it does not know what is injected."""
    with pytest.raises(Refused, match="503"):
        check_faults(service(503))


def test_no_answer_is_no_permission() -> None:
    """The message says who did not answer."""

    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    web = HttpClient("the service", "http://127.0.0.1:1", transport=httpx2.MockTransport(refuse))
    with pytest.raises(NoAnswer, match="the service does not answer"):
        check_faults(web)


def test_without_a_running_stack_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says how to start one."""
    checkout = Path(__file__).resolve().parents[2]
    for name in ("docker-compose.yml", "docker-compose.yaml"):
        if (checkout / name).exists():
            (tmp_path / name).write_bytes((checkout / name).read_bytes())
    (tmp_path / "burnrate").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BURNRATE_STATE_DIR", str(tmp_path / "state"))
    # As root the state must be where every user can walk to; nothing is written there.
    monkeypatch.setattr("burnrate.stack.layout.is_open_to_all", lambda _: True)
    result = CliRunner().invoke(drill, ["errors"])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "the stack is not running" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "which one? errors, latency"),
        (["error"], "no drill error; there are errors, latency"),
        (["errors", "--all"], "either names or --all"),
    ],
)
def test_a_wrong_name_is_told_with_the_right_ones(words: list[str], message: str) -> None:
    """Before anything is looked at."""
    result = CliRunner().invoke(drill, words)
    assert result.exit_code == 2
    assert message in result.stderr
