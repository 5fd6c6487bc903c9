"""What the last release leaves behind: rules, and an inbox' file that its own code has filled.

`python -m tests.upgrade.last_release` writes both anew into `kept/`, from the history of the
checkout: after each release, with LAST_RELEASE raised to its tag. The tests read `kept/` alone, for
a clone in CI has no history.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

import yaml

from tests.alerting.bodies import a_delivery, an_alert

# No release has been made yet: commits of which one has an inbox that knows no incidents, and the
# other was the first in whose rules each SLO has a ledger.
LAST_RELEASE: Final = {
    "inbox": "61a66b823d51152413e150c0142cd422c48466b6",
    "rules": "63c64db2fe7c83b8681f9814cdf7d510eb665afe",
}
ROOT: Final = Path(__file__).parents[2]
KEPT: Final = Path(__file__).with_name("kept")
RULES: Final = KEPT / "rules.yml"
INBOX: Final = KEPT / "inbox.sql"

# What the inbox of before was sent. The last one repeats an alert of the first, with an end.
_ENDED: Final = "2026-11-24T10:30:00Z"
DELIVERIES: Final = [
    a_delivery(an_alert("f1"), an_alert("f2", labels={"severity": "ticket"})),
    a_delivery(an_alert("f3", labels={"service": "shop", "alertname": "ServiceDown"})),
    a_delivery(an_alert("f1", ends_at=_ENDED), status="resolved"),
]

# Run with the release's own modules: nothing of today's.
_FILL: Final = """
import asyncio, json, sqlite3, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from alerting.inbox.store import Action, Kind, Store
try:
    from alerting.inbox.web.delivery.payload import parse
except ModuleNotFoundError:
    from alerting.inbox.web.payload import parse
path, noon = Path(sys.argv[1]), datetime(2026, 11, 24, 12, 0, 0, 1, UTC)

async def fill():
    store = Store(path)
    for number, content in enumerate(json.load(sys.stdin)):
        payload, kept = parse(json.dumps(content).encode())
        at = noon + timedelta(minutes=number)
        await store.record(payload.delivery(kept, at, f"request-{number}"))
    for kind, text in ((Kind.ACKNOWLEDGED, "on it"), (Kind.COMMENTED, "a fuse")):
        await store.apply(Action(3, kind, noon + timedelta(hours=1), "ada", text))
    await store.close()

asyncio.run(fill())
connection = sqlite3.connect(path)
(version,) = connection.execute("PRAGMA user_version").fetchone()
print(f"PRAGMA user_version = {version};", *connection.iterdump(), sep="\\n")
"""


def main() -> None:
    """Write what is kept of the last release."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        RULES.write_text(_rules(_release("rules", folder)))
        INBOX.write_text(_inbox(_release("inbox", folder), folder / "inbox.sqlite3"))


def _release(part: str, folder: Path) -> Path:
    """Return the release's tree, unpacked."""
    archive, tree = folder / f"{part}.tar", folder / part
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), LAST_RELEASE[part]]
    subprocess.run(command, check=True)
    with tarfile.open(archive) as file:
        file.extractall(tree, filter="data")
    return tree


def _rules(release: Path) -> str:
    """Return the rules of all SLOs in one file, without what alerts say."""
    groups = []
    for path in sorted(release.glob("prometheus/rules/slo-*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                rule.pop("annotations", None)
            groups.append(group)
    text: str = yaml.safe_dump({"groups": groups}, sort_keys=False, width=1_000)
    return f"# By `python -m tests.upgrade.last_release`, of {LAST_RELEASE['rules']}.\n{text}"


def _inbox(release: Path, path: Path) -> str:
    """Return the file that the release's inbox makes of the deliveries, as SQL."""
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(path)],
        cwd=release,
        env={**os.environ, "PYTHONPATH": str(release), "PYTHONSAFEPATH": "1"},
        input=json.dumps(DELIVERIES),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
