"""A team's own repository as containers: its image, and what its parts are given."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.engine import Engine
from tests.containers.images import Images

pytestmark = [pytest.mark.containers]
_PROJECT = "burnrate-a-team"
# It leaves out almost all that the release has a value for, and has a secret of its own.
_SETTINGS = "version: burnrate/v1\nteams: {checkout: {notify: [slack]}}\n"
_RENDERED = ("alertmanager-config/alertmanager.yml", "prometheus-config/rules/slo-shop-latency.yml")

Run = Callable[..., str]


@pytest.fixture
def run(engine: Engine, images: Images, tmp_path: Path) -> Iterator[Run]:
    """Run a command in a repository whose project is gone afterwards."""
    burnrate = str(Path(sys.prefix) / "bin/burnrate")
    environment = {
        **engine.environment,
        **images.variables,
        "BURNRATE_IMAGE": f"{_PROJECT}:test",
        "COMPOSE_PROJECT_NAME": _PROJECT,
    }

    def run(*words: str, folder: Path = tmp_path / "slos") -> str:
        done = subprocess.run(
            [burnrate if words[0] == "burnrate" else words[0], *words[1:]],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout[-2_000:]}{done.stderr[-4_000:]}"
        return done.stdout

    service = ("--service", "shop", "--target", "localhost:9000", "--team", "checkout")
    run("burnrate", "new", "slos", *service, folder=tmp_path)
    yield run
    run("docker", "compose", "down", "--volumes")
    run("docker", "image", "rm", "--force", f"{_PROJECT}:test")


def test_setup_gives_the_parts_what_the_release_and_the_team_say(run: Run, tmp_path: Path) -> None:
    """By the file that Compose includes: the team's rules and receivers, and their secrets."""
    slos = tmp_path / "slos"
    (slos / "burnrate.yml").write_text(_SETTINGS)
    secret = slos / ".burnrate/secrets/notify_slack_url_checkout"
    secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret.write_text("http://127.0.0.1/slack")
    # It has the files laid together, as `burnrate stack up` does.
    run("burnrate", "slo", "generate")
    described = json.loads(run("docker", "compose", "config", "--format", "json"))
    assert {"api", "prometheus", "setup"} <= described["services"].keys()
    run("docker", "compose", "build", "setup")

    run("docker", "compose", "run", "--rm", "setup")

    names = (*_RENDERED, f"alertmanager-config/secrets/{secret.name}")
    paths = [f"/volumes/{name}" for name in names]
    text = run("docker", "compose", "run", "--rm", "setup", "cat", *paths)
    assert "checkout/slack-pages" in text
    assert "team: checkout" in text
    assert text.endswith(secret.read_text())
