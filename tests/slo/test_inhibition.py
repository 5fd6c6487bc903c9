"""The shipped inhibition, in a live Alertmanager."""

from pathlib import Path

import httpx2
import pytest
import yaml

from burnrate.stack import free_port
from tests.alerting.alertmanager import CONFIGURATION, find_program
from tests.servers.processes import HOST, ServerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def test_a_page_silences_its_own_tickets_and_no_others(tmp_path: Path) -> None:
    """Another SLO's ticket, another service's, a cause's without an SLO, and other pages stay."""
    content = yaml.safe_load(CONFIGURATION.read_text())
    content["receivers"] = [{"name": "inbox"}]
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(content))
    port = free_port()
    process = ServerProcess(
        [
            find_program(), f"--config.file={file}", f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address={HOST}:{port}", "--cluster.listen-address=",
        ],
        tmp_path / "log",
        port=port,
    )  # fmt: skip
    with process.running():
        url = f"http://{HOST}:{port}/api/v2/alerts"
        alerts = [
            ("ErrorBudgetBurnFast", "page", "api", "availability"),
            ("ErrorBudgetBurnHigh", "page", "api", "availability"),
            ("ErrorBudgetBurnSlow", "ticket", "api", "availability"),
            ("LatencyBudgetBurnSlow", "ticket", "api", "latency"),
            ("ErrorBudgetBurnSlow", "ticket", "shop", "availability"),
            ("PoolNearExhaustion", "ticket", "api", ""),
        ]
        body = [
            {"labels": {k: v for k, v in zip(("alertname", "severity", "service", "slo"), a,
                                              strict=True) if v}}
            for a in alerts
        ]  # fmt: skip
        httpx2.post(url, json=body).raise_for_status()

        def inhibited() -> list[tuple[str, str, str]]:
            return [
                (a["labels"]["alertname"], a["labels"]["service"], a["labels"]["slo"])
                for a in httpx2.get(url).json()
                if a["status"]["inhibitedBy"]
            ]

        # An alert's state is known once its group has been flushed.
        wait_until(lambda: bool(inhibited()), "the inhibition")
        assert inhibited() == [("ErrorBudgetBurnSlow", "api", "availability")]
