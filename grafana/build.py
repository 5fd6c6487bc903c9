"""Writes grafana/dashboards/ and docs/dashboards.md: `python -m grafana.build`."""

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import (
    document,
    host,
    log_search,
    nginx,
    overview,
    postgres,
    redis,
    saturation,
    service,
    stack,
    traces,
)
from grafana.frame import Page

DIRECTORY: Final = Path(__file__).parent / "dashboards"

# In the order in which a person goes through them.
PAGES: Final[dict[str, Page]] = {
    "overview.json": overview.PAGE,
    "service.json": service.PAGE,
    "saturation.json": saturation.PAGE,
    "logs.json": log_search.PAGE,
    "traces.json": traces.PAGE,
    "postgres.json": postgres.PAGE,
    "redis.json": redis.PAGE,
    "nginx.json": nginx.PAGE,
    "host.json": host.PAGE,
    "stack.json": stack.PAGE,
}


def dashboards() -> dict[str, Dashboard]:
    """Return each dashboard by its file's name."""
    return {name: page.build() for name, page in PAGES.items()}


def render(dashboard: Dashboard) -> str:
    """Return the file's content, the same for the same dashboard."""
    # A link to one panel holds its id; without one here, each start of Grafana could give another.
    for number, panel in enumerate(dashboard.panels or (), start=1):
        panel.id_val = number
    text = json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
    return text + "\n"


def main() -> None:
    """Write the files."""
    texts = {name: render(dashboard) for name, dashboard in dashboards().items()}
    for name, text in texts.items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")
    document.write([json.loads(text) for text in texts.values()])


if __name__ == "__main__":
    main()
