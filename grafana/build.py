"""Writes grafana/dashboards/, docs/dashboards.md and its annex: `python -m grafana.build`.

With `--check` it writes nothing, shows what would change, and exits 1 if anything would.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import table
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from burnrate.export import identified
from grafana import document
from grafana.frame import Page
from grafana.pages import (
    host,
    logs,
    nginx,
    overview,
    postgres,
    redis,
    saturation,
    service,
    services,
    stack_health,
    traces,
)
from grafana.promises import Promises

ROOT: Final = Path(__file__).parents[1]
DIRECTORY: Final = ROOT / "grafana/dashboards"


def pages(promises: Promises) -> dict[str, Page]:
    """Return each page by its file's name, in the order in which a person goes through them."""
    return {
        "services.json": services.page(promises),
        "overview.json": overview.page(promises),
        "service.json": service.page(promises),
        "saturation.json": saturation.PAGE,
        "logs.json": logs.page(promises),
        "traces.json": traces.page(promises),
        "postgres.json": postgres.PAGE,
        "redis.json": redis.PAGE,
        "nginx.json": nginx.PAGE,
        "host.json": host.PAGE,
        "stack.json": stack_health.PAGE,
    }


def dashboards(promises: Promises) -> dict[str, Dashboard]:
    """Return each dashboard by its file's name."""
    return {name: page.build() for name, page in pages(promises).items()}


def render(dashboard: Dashboard, identity: Sequence[str] = ("service",)) -> str:
    """Return the file's content, the same for the same dashboard and identity."""
    # Links to a panel hold its id; without a fixed one, each start of Grafana could choose another.
    for number, panel in enumerate(dashboard.panels or (), start=1):
        panel.id_val = number
        if isinstance(panel, Panel) and isinstance(panel.options, table.Options):
            # The SDK's default; Grafana 13 no longer has this option.
            panel.options.footer = None
    for variable in (dashboard.templating and dashboard.templating.list_val) or ():
        # The same: only a variable of intervals has them.
        variable.auto = variable.auto_count = variable.auto_min = None
    made = identified(json.loads(json.dumps(dashboard, cls=JSONEncoder)), identity)
    return json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def built(promises: Promises | None = None) -> dict[Path, str]:
    """Return the content of each file that the build writes.

    Args:
        promises: What they are built from; by default, what this checkout's files say.
    """
    built_from = promises or Promises.read(ROOT)
    texts = {
        DIRECTORY / name: render(page, built_from.identity)
        for name, page in dashboards(built_from).items()
    }
    files = [json.loads(text) for text in texts.values()]
    pages_about = {
        document.DOCUMENT: document.document(files),
        document.ANNEX: document.annex(files),
    }
    return {**texts, **pages_about}


def changes(texts: dict[Path, str]) -> str:
    """Return the difference between these files and what is there; empty if there is none."""
    # Otherwise Grafana would still load a dashboard that is no longer built.
    wanted = {**dict.fromkeys(sorted(DIRECTORY.glob("*.json")), ""), **texts}
    return "".join(_difference(path, text) for path, text in wanted.items())


def _difference(path: Path, text: str) -> str:
    name = str(path.relative_to(ROOT))
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = old.splitlines(keepends=True), text.splitlines(keepends=True)
    return "".join(unified_diff(*lines, name, f"{name} (built)"))


def main() -> None:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(prog="python -m grafana.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a change")
    texts = built()
    if not parser.parse_args().check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    elif difference := changes(texts):
        sys.stderr.write(difference)
        sys.exit("The dashboards are not what grafana/*.py builds: run `python -m grafana.build`.")


if __name__ == "__main__":
    main()
