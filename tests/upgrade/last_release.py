"""What the last release leaves behind: its rules, and an inbox' file that its own code has filled.

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

from tests.alerting.bodies import a_delivery, an_alert

# No release has been made yet: a commit in whose rules each SLO has a ledger, and whose inbox knows
# no incidents.
LAST_RELEASE: Final = "61a66b823d51152413e150c0142cd422c48466b6"
ROOT: Final = Path(__file__).parents[2]
KEPT: Final = Path(__file__).with_name("kept")
RULES: Final = KEPT / "slo-api-availability.yml"
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
        archive = folder / "release.tar"
        command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), LAST_RELEASE]
        subprocess.run(command, check=True)
        with tarfile.open(archive) as file:
            file.extractall(folder / "release", filter="data")
        release = folder / "release"
        RULES.write_text((release / "prometheus/rules" / RULES.name).read_text())
        done = subprocess.run(
            [sys.executable, "-c", _FILL, str(folder / "inbox.sqlite3")],
            cwd=release,
            env={**os.environ, "PYTHONPATH": str(release), "PYTHONSAFEPATH": "1"},
            input=json.dumps(DELIVERIES),
            capture_output=True,
            text=True,
            check=True,
        )
        INBOX.write_text(done.stdout)


if __name__ == "__main__":
    main()
