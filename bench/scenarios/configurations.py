"""The tree's files with the addresses of one scenario; each returns the command that uses it."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from bench.measuring.driver import CHECKOUT
from burnrate.stack import LOOPBACK

# The limit is nginx' own, on a path of its own.
_LIMIT: Final = """limit_req_zone $server_name zone=rare:1m rate=1r/m;
    limit_req_status"""
_LIMITED: Final = "location = /rare { limit_req zone=rare; proxy_pass http://api; }"
# What stands in nginx' file where its counters are hidden, and where they are shown.
COUNTERS: Final = ("log_by_lua_block { }", "include counting/status*.conf;")
# What this service has.
_RULES: Final = ("slo-api.yml", "slo-api-availability.yml", "slo-api-latency.yml", "stack.yml")


def nginx_file(folder: Path, port: int, status_port: int, ports: Sequence[int]) -> list[str]:
    """Write nginx' files for two instances, as docs/production.md says."""
    page = (CHECKOUT / "docs/production.md").read_text()
    lines = "\n".join(re.findall(r"^ +server api-\d:8000 .*;$", page, re.MULTILINE))
    for number, each in enumerate(ports, 1):
        lines = lines.replace(f"api-{number}:8000", f"{LOOPBACK}:{each}")
    text = (CHECKOUT / "nginx/nginx.conf").read_text()
    for old, new in {
        "server api:8000;": lines,
        "0.0.0.0:8080": f"{LOOPBACK}:{port}",
        "0.0.0.0:8081": f"{LOOPBACK}:{status_port}",
        "limit_req_status": _LIMIT,
        "location = /feed {": f"{_LIMITED}\n        location = /feed {{",
        # Thousands of lines that nobody reads.
        "access_log /dev/stdout json;": "access_log off;",
    }.items():
        text = text.replace(old, new, 1)
    prefix = folder / "nginx"
    shutil.copytree(CHECKOUT / "nginx/lua", prefix / "counting")
    (prefix / "nginx.conf").write_text(text)
    user = " user root;" if os.geteuid() == 0 else ""
    return ["nginx", "-e", "stderr", "-p", f"{prefix}", "-c", f"{prefix}/nginx.conf", "-g",
            f"daemon off;{user}"]  # fmt: skip


def alertmanager_file(folder: Path, port: int, receiver: str) -> list[str]:
    """Write Alertmanager's file with the tree's routes and waits."""
    content = yaml.safe_load((CHECKOUT / "alerting/alertmanager.yml").read_text())
    (webhook,) = content["receivers"][0]["webhook_configs"]
    webhook["url"] = receiver
    del webhook["http_config"]["authorization"]
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(content))
    return ["prometheus-alertmanager", f"--config.file={path}",
            f"--web.listen-address={LOOPBACK}:{port}", "--cluster.listen-address=",
            f"--storage.path={folder / 'alertmanager'}"]  # fmt: skip


def prometheus_file(
    folder: Path, port: int, alertmanager: int, status_port: int, ports: Sequence[int]
) -> list[str]:
    """Write Prometheus' file with the tree's intervals and rules."""
    content = yaml.safe_load((CHECKOUT / "prometheus/prometheus.yml").read_text())
    targets = {
        "api": [f"{LOOPBACK}:{each}" for each in ports],
        "front-door": [f"{LOOPBACK}:{status_port}"],
        "alertmanager": [f"{LOOPBACK}:{alertmanager}"],
    }
    jobs = [job for job in content["scrape_configs"] if job["job_name"] in targets]
    for job in jobs:
        job["static_configs"][0]["targets"] = targets[job["job_name"]]
    content["scrape_configs"] = jobs
    (told,) = content["alerting"]["alertmanagers"]
    told["static_configs"][0]["targets"] = targets["alertmanager"]
    # Alertmanager runs by itself here, behind no door.
    asked = next(job for job in jobs if job["job_name"] == "alertmanager")
    del told["path_prefix"], asked["metrics_path"], told["basic_auth"], asked["basic_auth"]
    content["rule_files"] = [f"{CHECKOUT}/prometheus/rules/{name}" for name in _RULES]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(content))
    return ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}"]  # fmt: skip
