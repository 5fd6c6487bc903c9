"""A copy of the tree whose stack runs as plain processes, on ports of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from burnrate.stack import BEHIND_THE_DOOR, ENDPOINTS, free_ports
from burnrate.stack.addresses import LOCKED
from burnrate.stack.secrets import machine_login
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
IGNORED = shutil.ignore_patterns(".git", ".venv", ".burnrate", ".env", ".*_cache", "__pycache__")


def ports_for_all() -> dict[str, int]:
    """Return a free port for each endpoint of the stack, by the name of its variable."""
    names = [endpoint.variable for endpoint in ENDPOINTS]
    return dict(zip(names, free_ports(len(names)), strict=True))


def below(part: str) -> str:
    """Return the path below which a part answers."""
    return BEHIND_THE_DOOR.get(part, "")


def machine_login_at(checkout: Path, part: str) -> str:
    """Return what a part of a stack of processes asks for, as it stands in an address."""
    secrets = checkout / ".burnrate/secrets"
    is_asked = part in LOCKED and secrets.is_dir()
    return f"{machine_login(secrets)}@" if is_asked else ""


class Checkout:
    """A copy of the tree with ports of its own."""

    def __init__(self, path: Path, **environment: str) -> None:
        self.path = path
        shutil.copytree(ROOT, path, ignore=IGNORED)
        self.ports = ports_for_all()
        ports = {name: str(port) for name, port in self.ports.items()}
        # One worker: most tests are about processes, not about load.
        variables = {"WEB_CONCURRENCY": "1", **ports, **environment}
        self.environment = {**os.environ, **variables}

    def url(self, part: str, path: str = "") -> str:
        """Return an address of a part, with its login."""
        login = machine_login_at(self.path, part)
        return self.url_without_login(part, path).replace("//", f"//{login}", 1)

    def url_without_login(self, part: str, path: str = "") -> str:
        """Return an address of a part, as it is where nobody says who they are."""
        return f"http://127.0.0.1:{self.ports[f'{part.upper()}_PORT']}{below(part)}{path}"

    def evaluate_often(self) -> None:
        """Have the rules of the SLOs evaluated each five seconds: what they say stays the same."""
        for path in (self.path / "prometheus/rules").glob("slo-*.yml"):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(r"interval: \d+s", "interval: 5s", text), encoding="utf-8")

    @contextmanager
    def edited(self, name: str, old: str, new: str) -> Iterator[None]:
        """Replace a text in a file for a block, as an editor that saves by renaming."""
        path = self.path / name
        good = path.read_text(encoding="utf-8")
        assert old in good
        beside = path.with_suffix(".saved")
        beside.write_text(good.replace(old, new, 1), encoding="utf-8")
        beside.replace(path)
        try:
            yield
        finally:
            path.write_text(good, encoding="utf-8")

    @property
    def command(self) -> list[str]:
        """The command up to its subcommand."""
        return [str(Path(sys.prefix) / "bin/burnrate"), "stack"]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a subcommand of `burnrate stack`."""
        return self.run_command("stack", *words)

    def run_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `burnrate`."""
        return subprocess.run(
            [self.command[0], *words],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def up(self) -> str:
        """Start as processes, which must work."""
        done = self.run("up", "--mode", "processes")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> dict[str, dict[str, str]]:
        """Return the parts' rows by name."""
        rows = json.loads(self.run("status", "--json").stdout)["parts"]
        return {row["part"]: row for row in rows}

    def leader(self, part: str) -> int:
        """Return the id of a part's main process."""
        return int((self.path / f".burnrate/run/{part}/leader").read_text().split()[0])

    def workers(self, part: str) -> set[int]:
        """Return the ids of a part's workers."""
        return {child.pid for child in psutil.Process(self.leader(part)).children()}

    def leaders(self) -> dict[str, int]:
        """Return the main processes of all parts that run."""
        parts = [row["part"] for row in self.status().values() if row["state"] == "running"]
        return {part: self.leader(part) for part in parts}

    def supervisor(self) -> int:
        """Return supervisord's id."""
        return int((self.path / ".burnrate/run/supervisord.pid").read_text())

    def processes(self) -> list[str]:
        """Return what lives of the stack: whatever works in the checkout or was told of it."""
        found = []
        for process in psutil.process_iter():
            try:
                places = [process.cwd(), *process.cmdline()]
                if process.status() != psutil.STATUS_ZOMBIE and any(
                    str(self.path) in place for place in places
                ):
                    found.append(f"{process.pid} {process.name()}")
            except psutil.Error:
                continue
        return found

    def wait_until_healthy(self, part: str) -> None:
        """Wait for a part that is on its way back."""
        wait_until(lambda: self.status()[part]["health"] == "healthy", part, every_seconds=0.2)


def door_login(checkout: Checkout) -> tuple[str, str]:
    """Return a name and a token that the door of a stack of processes lets in."""
    text = (checkout.path / ".burnrate/secrets/door_people").read_text(encoding="utf-8")
    name, token = text.split()[:2]
    return name, token


@contextmanager
def copied_checkout(**environment: str) -> Iterator[Checkout]:
    """Make a copy for a block; afterwards it is down, and nothing of it lives."""
    # Every user must be able to walk to it: as root, PostgreSQL runs as another one.
    folder = Path(tempfile.mkdtemp(prefix="burnrate-up-"))
    folder.chmod(0o755)
    checkout = Checkout(folder / "checkout", **environment)
    try:
        yield checkout
    finally:
        checkout.run("down")
        left = checkout.processes()
        shutil.rmtree(folder)
    assert left == []
