"""The commands that a page shows, as a reader would type them."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from burnrate.stack import ENDPOINTS
from tests.servers.checkout import ROOT, Checkout

_BLOCK = re.compile(r"^(?P<indent> *)```console\n(?P<text>.*?)^ *```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_COMMENT = re.compile(r"\s+# .*$")


@dataclass(frozen=True)
class Command:
    """One line behind a prompt.

    Attributes:
        heading: What it stands under.
    """

    page: Path
    heading: str
    text: str

    def __str__(self) -> str:
        """Name it for a report."""
        return f"{self.page.relative_to(ROOT)}: {self.text}"


def commands(page: Path) -> Iterator[Command]:
    """Return what a page tells its readers to type, without the comments behind it."""
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        headings = _HEADING.findall(text[: block.start()])
        # A command goes on behind a backslash.
        for line in re.sub(r"\\\n\s*", "", block["text"]).splitlines():
            if line.strip().startswith("$ "):
                command = _COMMENT.sub("", line.strip()[2:])
                yield Command(page, headings[-1] if headings else "", command)


def under(page: Path, heading: str) -> list[str]:
    """Return the commands under one heading; there must be some."""
    found = [command.text for command in commands(page) if command.heading == heading]
    assert found, f"{page.name} has no commands under {heading!r}"
    return found


def run_as_written(lines: list[str], checkout: Checkout) -> str:
    """Run commands one after the other in a checkout; each must succeed.

    Only ports are replaced: pages name the defaults, and the checkout has its own.

    Returns:
        What they printed.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(_with_ports(lines, checkout))],
        cwd=checkout.path,
        env={"USER": "somebody", **checkout.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _with_ports(lines: list[str], checkout: Checkout) -> Iterator[str]:
    ports = {
        str(endpoint.default_port): str(checkout.ports[endpoint.variable]) for endpoint in ENDPOINTS
    }
    for line in lines:
        yield re.sub(
            r"(127\.0\.0\.1:|--port )(\d+)\b",
            lambda match: match[1] + ports.get(match[2], match[2]),
            line,
        )
