"""A stack of its own for drills, with the shipped rules at a fraction of their durations."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import yaml

from burnrate.durations import format_duration, parse_duration
from burnrate.stack import ENDPOINTS
from tests.servers.checkout import below, machine_login_at, ports_for_all
from tests.support.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
# Windows of 5 minutes and an hour become 15 s and 3 minutes: a drill takes half a minute.
# Factors, thresholds, expressions and routes are the shipped ones.
SCALE = 20
SHORT_SCRAPE_SECONDS = 5
_IGNORED = shutil.ignore_patterns(
    ".git", ".venv", ".burnrate", ".env", ".*_cache", "__pycache__", ".hypothesis"
)
_RANGE = re.compile(r"\[(\w+)\]")
_WINDOW = re.compile(r"slo:(?:bad|total)_events:rate(\w+)")
_OFFSET = re.compile(r"\boffset (\w+)")


class DrillStack:
    """A copy of the checkout with ports of its own.

    Args:
        path: Where to.
        is_fault_ready: Whether the service's faults are switched on.
    """

    def __init__(self, path: Path, *, is_fault_ready: bool = True) -> None:
        self.path = path
        shutil.copytree(ROOT, path, ignore=_IGNORED)
        variables = {
            **{name: str(port) for name, port in ports_for_all().items()},
            "WEB_CONCURRENCY": "2",
            "FAULTS_ENABLED": "true" if is_fault_ready else "false",
        }
        lines = (f"{name}={value}" for name, value in variables.items())
        (path / ".env").write_text("\n".join(lines) + "\n")
        self.ports = {name: int(value) for name, value in _ports_of(variables).items()}
        scale_prometheus(path / "prometheus")
        scale_alertmanager(path / "alerting/alertmanager.yml")

    def run(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run `burnrate` with some words."""
        return subprocess.run(
            [*COMMAND, *words],
            cwd=self.path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def up(self) -> None:
        """Start it as processes."""
        done = self.run("stack", "up", "--mode", "processes")
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        """Stop it."""
        self.run("stack", "down")

    def url(self, part: str, path: str = "") -> str:
        """Return where a part listens."""
        login = machine_login_at(self.path, part)
        return f"http://{login}127.0.0.1:{self.ports[f'{part.upper()}_PORT']}{below(part)}{path}"

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Ask Prometheus."""
        answer = httpx2.get(
            self.url("prometheus", "/api/v1/query"),
            params={"query": promql},
            timeout=PATIENCE_SECONDS,
        )
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def drill(self, *names: str) -> tuple[list[dict[str, Any]], subprocess.CompletedProcess[str]]:
        """Hold drills; returns their results and the command's end."""
        done = self.run("drill", *names, "--json")
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)
        return found if isinstance(found, list) else [found], done


COMMAND = [str(Path(sys.prefix) / "bin/burnrate")]


def environment() -> dict[str, str]:
    """Return the caller's, without what would move this stack's ports."""
    own = {endpoint.variable for endpoint in ENDPOINTS}
    return {name: value for name, value in os.environ.items() if name not in own}


def scaled(text: str) -> str:
    """Return a duration divided by the scale, to the millisecond, and a second at least."""
    return format_duration(max(1.0, parse_duration(text) / SCALE))


def scale_prometheus(folder: Path) -> None:
    """Shorten windows, `for`, scrapes and evaluations; expressions stay as they are."""
    for path in (folder / "rules").glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in content["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                expression = _scaled_expression(rule["expr"])
                rule["expr"] = _scaled_window(rule.get("record", ""), expression)
                for key in rule.keys() & {"for", "keep_firing_for"}:
                    rule[key] = scaled(rule[key])
                labels = rule.get("labels", {})
                for key in labels.keys() & {"long_window", "short_window"}:
                    labels[key] = scaled(labels[key])
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    path = folder / "prometheus.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["global"]["evaluation_interval"] = "1s"
    for section in (content["global"], *content["scrape_configs"]):
        if "scrape_interval" in section:
            # PostgreSQL's exporter needs a little more than a second to tell that it is down.
            is_fast = parse_duration(section["scrape_interval"]) <= SHORT_SCRAPE_SECONDS
            section["scrape_interval"] = section["scrape_timeout"] = "1s" if is_fast else "2s"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def scale_alertmanager(path: Path) -> None:
    """Shorten the waits of every route."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    pending = [content["route"]]
    while pending:
        route = pending.pop()
        pending += route.get("routes", [])
        for key in route.keys() & {"group_wait", "group_interval", "repeat_interval"}:
            # A group's wait may be nothing at all.
            route[key] = scaled(route[key]) if parse_duration(route[key]) else "0s"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _scaled_expression(expression: str) -> str:
    expression = _RANGE.sub(lambda match: f"[{scaled(match[1])}]", expression)
    return _OFFSET.sub(lambda match: f"offset {scaled(match[1])}", expression)


def _scaled_window(record: str, expression: str) -> str:
    """Shorten the seconds that a ledger's window is compared with and divided by."""
    window = _WINDOW.fullmatch(record)
    if window is None:
        return expression
    seconds = parse_duration(window[1])
    return re.sub(rf"\b{seconds:.0f}\b", f"{seconds / SCALE:g}", expression)


def _ports_of(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.endswith("_PORT")}
