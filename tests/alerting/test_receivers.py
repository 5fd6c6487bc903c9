"""Each example of docs/receivers.md, put into the configuration that ships, is valid."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerting.alertmanager import CONFIGURATION
from tests.alerting.servers import ROOT

pytestmark = pytest.mark.integration  # amtool is a system package
_PAGE = (ROOT / "docs" / "receivers.md").read_text()
_EXAMPLES = dict(
    re.findall(r"^## ([^\n]*)\n(?:(?!^## ).)*?^```yaml\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
)


def _merged(example: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    added = yaml.safe_load(example)
    content["receivers"] += added["receivers"]
    content["route"]["routes"] = added["route"]["routes"] + content["route"]["routes"]
    return content


def test_there_is_one_of_each() -> None:
    """What people ask for most."""
    assert list(_EXAMPLES) == ["Slack", "PagerDuty", "E-mail", "Your own webhook"]


@pytest.mark.parametrize("example", _EXAMPLES.values(), ids=_EXAMPLES)
def test_an_example_is_valid_and_the_inbox_still_gets_all(example: str, tmp_path: Path) -> None:
    """Amtool takes it, the route leads to both, and the secret is in a file."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(_merged(example)))
    check = ["amtool", "check-config", str(path)]
    done = subprocess.run(check, capture_output=True, text=True, check=False, timeout=20)
    assert "SUCCESS" in done.stdout, done.stdout + done.stderr
    (receiver,) = yaml.safe_load(example)["receivers"]
    severity = "ticket" if receiver["name"] == "email" else "page"
    routes = [
        "amtool", "config", "routes", "test", f"--config.file={path}",
        f"--verify.receivers={receiver['name']},inbox", f"severity={severity}", "service=api",
    ]  # fmt: skip
    done = subprocess.run(routes, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"_file: /run/secrets/\w+$", example, re.MULTILINE)
    assert "send_resolved: true" in example
