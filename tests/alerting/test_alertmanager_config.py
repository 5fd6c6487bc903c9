"""alertmanager.yml, as Alertmanager's own tool reads it and as the contract wants it."""

import shutil
import subprocess

import pytest
import yaml

from tests.alerting.alertmanager import CONFIGURATION
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration  # amtool is a system package


def _amtool(*arguments: str) -> str:
    assert shutil.which("amtool"), "amtool is not installed (Debian: prometheus-alertmanager)"
    done = subprocess.run(
        ["amtool", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_is_valid() -> None:
    """Also for 0.25, the oldest Alertmanager it is made for."""
    assert "SUCCESS" in _amtool("check-config", str(CONFIGURATION))


@pytest.mark.parametrize(
    ("labels", "route"),
    [
        ("alertname=ErrorBudgetBurnFast severity=page service=api", '{severity="page"}'),
        ("alertname=TargetDown severity=page service=postgres", '{severity="page"}'),
        ("alertname=TargetDown severity=ticket service=loki", '{severity="ticket"}'),
        ("alertname=Watchdog severity=none service=prometheus", '{alertname="Watchdog"'),
        ("alertname=Watchdog severity=page service=prometheus", '{alertname="Watchdog"'),
        # Of kube-prometheus, say, which tells nothing of the path from our rules.
        ("alertname=Watchdog severity=none prometheus=monitoring/k8s", "default-route"),
        ("alertname=Unheard severity=critical", "default-route"),
        ("alertname=NoSeverity", "default-route"),
    ],
)
def test_routes(labels: str, route: str) -> None:
    """Whatever an alert's labels are, it ends at the inbox, and by the route meant for it."""
    tree = _amtool(
        "config", "routes", "test", f"--config.file={CONFIGURATION}", "--tree",
        "--verify.receivers=inbox", *labels.split(),
    )  # fmt: skip
    taken = [line for line in tree.splitlines() if "receiver: inbox" in line]
    assert len(taken) == 1
    assert route in taken[0]


def test_loses_nothing_by_its_own_settings() -> None:
    """Each of these is a way to lose alerts without a word."""
    content = yaml.safe_load(CONFIGURATION.read_text())
    for receiver in content["receivers"]:
        for webhook in receiver["webhook_configs"]:
            assert webhook["send_resolved"] is True
            assert webhook["max_alerts"] == 0
            assert webhook["http_config"]["follow_redirects"] is False
            assert "credentials_file" in webhook["http_config"]["authorization"]
    for rule in content["inhibit_rules"]:
        assert {"service", "slo"} <= set(rule["equal"])
        assert all('slo != ""' in rule[side] for side in ("source_matchers", "target_matchers"))
