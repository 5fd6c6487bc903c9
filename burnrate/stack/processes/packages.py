"""Debian packages of the parts: installed without starting, enabling or touching anything."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from burnrate.stack.errors import StackError

_POLICY = """\
#!/bin/sh
# Written by `burnrate stack install` for the time of its run: no package starts its service.
exit 101
"""
_APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
_LOCK_WAIT_SECONDS = 300
_ROOT_UID = 0


class Runner(Protocol):
    """Runs the system's tools."""

    def run(self, command: Sequence[str], log: Path) -> int:
        """Run a command with its output added to `log`; return its exit code."""

    def output(self, command: Sequence[str]) -> str:
        """Return what a command prints; nothing if it fails."""


class SystemRunner:
    """Runs them for real."""

    def run(self, command: Sequence[str], log: Path) -> int:
        """Run a command with its output added to `log`; return its exit code."""
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n")
            file.flush()
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_APT_ENVIRONMENT},
                check=False,
            ).returncode

    def output(self, command: Sequence[str]) -> str:
        """Return what a command prints; nothing if it fails."""
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else ""


@dataclass(frozen=True)
class Packages:
    """The package manager of a system.

    Attributes:
        runner: Runs its tools.
        root: Where the system's root is.
        uid: Who installs.
    """

    runner: Runner
    root: Path = Path("/")
    uid: int = _ROOT_UID

    def install(self, packages: Sequence[str]) -> None:
        """Install packages without starting their services.

        Raises:
            StackError: this is no Debian, or not root asks for it; the message names the packages
                and what to do. Or apt-get fails; the message has its reason.
        """
        names = " ".join(packages)
        if not self._is_debian():
            raise StackError(
                f"not installed: {', '.join(packages)} (Debian's names); "
                "install them with this system's package manager, or use MODE=containers"
            )
        if self.uid != _ROOT_UID:
            raise StackError(
                f"not installed: {', '.join(packages)}; install them without starting them: "
                f"sudo {shutil.which('burnrate') or '.venv/bin/burnrate'} stack install "
                f"(or, starting them as Debian does: sudo apt-get install {names})"
            )
        before = self._installed()
        with self._no_service_starts():
            self._apt_install(packages)
        if (self.root / "run/systemd/system").is_dir():
            self._disable_units(self._installed() - before)

    def _is_debian(self) -> bool:
        return (self.root / "etc/debian_version").exists() and (
            self.root / "usr/bin/apt-get"
        ).exists()

    def _apt_install(self, packages: Sequence[str]) -> None:
        lock = f"DPkg::Lock::Timeout={_LOCK_WAIT_SECONDS}"
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "-o", lock]
        # A configuration file that somebody changed stays as it is.
        install += ["-o", "Dpkg::Options::=--force-confold", *packages]
        if self.runner.run(install, self._log) == 0:
            return
        # The lists may be missing, as in a fresh image, or too old for the mirror.
        if self.runner.run(["apt-get", "update"], self._log) != 0:
            raise self._failure("apt-get update")
        if self.runner.run(install, self._log) != 0:
            raise self._failure(f"apt-get install {' '.join(packages)}")

    @property
    def _log(self) -> Path:
        return self.root / "var/log/burnrate-install.log"

    def _failure(self, what: str) -> StackError:
        text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
        errors = [line for line in text.splitlines() if line.startswith("E: ")]
        reason = errors[-1] if errors else "failed"
        return StackError(f"{what}: {reason}; log: {self._log}")

    @contextmanager
    def _no_service_starts(self) -> Iterator[None]:
        """Keep packages from starting their services: /usr/sbin/policy-rc.d decides that.

        An administrator's own policy is set aside and put back, also one that a killed run left
        aside. https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
        """
        policy = self.root / "usr/sbin/policy-rc.d"
        aside = policy.with_name("policy-rc.d.before-burnrate")
        if os.path.lexists(policy) and not _is_ours(policy):
            policy.rename(aside)
        try:
            policy.write_text(_POLICY, encoding="utf-8")
            policy.chmod(0o755)
            yield
        finally:
            policy.unlink(missing_ok=True)
            if os.path.lexists(aside):
                aside.rename(policy)

    def _installed(self) -> set[str]:
        listing = self.runner.output(
            ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\n"]
        )
        rows = (line.split() for line in listing.splitlines())
        return {row[1] for row in rows if len(row) > 1 and row[0] == "ii"}

    def _disable_units(self, packages: set[str]) -> None:
        """Keep the services of packages that are new here from starting at the next boot."""
        for package in sorted(packages):
            files = (Path(f) for f in self.runner.output(["dpkg", "--listfiles", package]).split())
            units = sorted(
                file.name
                for file in files
                if file.parent.name == "system"
                and file.parent.parent.name == "systemd"
                and file.suffix in {".service", ".socket", ".timer"}
                and "@" not in file.name
            )
            if units and self.runner.run(["systemctl", "disable", *units], self._log) != 0:
                raise self._failure(f"systemctl disable {' '.join(units)}")


def _is_ours(policy: Path) -> bool:
    return policy.is_file() and policy.read_text(encoding="utf-8", errors="replace") == _POLICY
