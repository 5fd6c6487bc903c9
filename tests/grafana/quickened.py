"""A checkout's stack with faster clocks: the same queries and rules, asked more often."""

from pathlib import Path
from typing import Final

_CHANGES: Final = {
    "prometheus/prometheus.yml": {
        "scrape_interval: 15s": "scrape_interval: 5s",
        "evaluation_interval: 15s": "evaluation_interval: 5s",
    },
    "loki/rules/fake/errors.yml": {"interval: 30s": "interval: 2s", "for: 1m": "for: 2s"},
    "docker-compose.yml": {
        # What fired before Prometheus knew its Alertmanager is sent again after a minute.
        "- --storage.tsdb.path=/prometheus\n": (
            "- --storage.tsdb.path=/prometheus\n      - --rules.alert.resend-delay=5s\n"
        ),
        # No clock: the traffic has the service ask itself, which makes one trace of two requests.
        "RATE_LIMIT_PROCESS_PER_MINUTE: ${RATE_LIMIT_PROCESS_PER_MINUTE:-10}\n": (
            "RATE_LIMIT_PROCESS_PER_MINUTE: ${RATE_LIMIT_PROCESS_PER_MINUTE:-10}\n"
            "      PROCESS_ALLOWED_HOSTS: 127.0.0.1\n"
        ),
    },
}


def quicken(checkout: Path) -> None:
    """Change the files of a copy of the tree."""
    for name, changes in _CHANGES.items():
        _replace(checkout / name, changes)


def _replace(path: Path, changes: dict[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{path.name} says {old!r} no more"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
