"""A real Prometheus that evaluates rules each second."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from burnrate.stack import free_port
from tests.servers.processes import HOST, ServerProcess


def rule_server(
    folder: Path, groups: Sequence[dict[str, Any]], jobs: Sequence[dict[str, Any]], *flags: str
) -> tuple[ServerProcess, str]:
    """Return it, to be started, and its address.

    Args:
        folder: For its files.
        groups: The rules.
        jobs: What it scrapes.
        flags: Further ones of its own.
    """
    rules = [{**group, "interval": "1s"} for group in groups]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": rules}))
    config = {"rule_files": ["rules.yml"], "scrape_configs": [*jobs]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        *flags,
    ]
    return ServerProcess(command, folder / "prometheus.log", port=port), f"http://{HOST}:{port}"
