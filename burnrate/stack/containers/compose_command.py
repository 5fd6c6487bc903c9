"""`docker compose`, run for one checkout."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import yaml

from burnrate.interpolation import interpolated
from burnrate.stack.containers.engine import command_output, engine_socket
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, make_directory
from burnrate.stack.logs import last_lines
from burnrate.stack.progress import Progress
from burnrate.stack.settings import read_settings

_LABEL = "com.docker.compose"


@dataclass(frozen=True)
class ComposeCommand:
    """Runs Compose's commands.

    Attributes:
        settings: The user's, with burnrate.yml's addresses.
        say: Takes a line for people.
    """

    layout: Layout
    settings: Mapping[str, str]
    say: Callable[[str], None]

    @property
    def words(self) -> list[str]:
        """The command up to its verb."""
        return ["docker", "compose", "--project-directory", str(self.layout.project)]

    @property
    def log(self) -> Path:
        """Where the output of what takes long is."""
        return self.layout.log("compose")

    def output(self, *words: str) -> str:
        """Return what a quick command prints; nothing if it fails."""
        return command_output([*self.words, *words]) or ""

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that answers soon, and keep its output."""
        return _kept([*self.words, *words], self._environment)

    def engine(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `docker` itself, and keep its output."""
        return _kept(["docker", *words])

    def unknown_to_compose(self) -> list[str]:
        """Return, as lines of .env, what it would not find if somebody ran it by hand.

        Those are values of burnrate.yml, and the socket of an engine elsewhere: without them it
        makes containers anew, of which the first refuses to start.
        """
        file = self.layout.compose_file
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        known = {**read_settings(self.layout.env_file), **os.environ}
        made = interpolated(document, known)
        return [
            f"{name}={value}"
            for name, value in self._own.items()
            if not _mean_the_same(known.get(name), value)
            and interpolated(document, {**known, name: value}) != made
        ]

    def containers(self, part: str, template: str) -> list[str]:
        """Return a line of each of a part's containers, by their numbers; also of those that ended.

        Args:
            part: Its name.
            template: What to say of each: Go's.
        """
        labels = (
            f"{_LABEL}.project.working_dir={self.layout.project}",
            f"{_LABEL}.service={part}",
            f"{_LABEL}.oneoff=False",
        )
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        numbered = f'{{{{.Label "{_LABEL}.container-number"}}}} {template}'
        done = self.engine("ps", "--all", "--no-trunc", *filters, "--format", numbered)
        lines = (line.partition(" ") for line in done.stdout.splitlines())
        return [line for _, _, line in sorted(lines, key=lambda found: int(found[0] or 0))]

    def logged(self, words: Sequence[str], look: Callable[[], str]) -> int:
        """Run a command that takes long, with its output in the log; returns its exit code.

        Args:
            words: From the verb on.
            look: Returns what it is at, for people.
        """
        make_directory(self.layout.state, 0o755)
        make_directory(self.layout.logs, 0o700)
        with (
            self.log.open("a", encoding="utf-8") as file,
            subprocess.Popen(
                [*self.words, *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                # Ctrl-C is ours: it would end a `down` that cleans up as well.
                start_new_session=True,
            ) as process,
        ):
            try:
                return Progress(self.say).wait(process, look)
            except BaseException:
                # The plug-in as well: an older `docker` does not pass it on.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                raise

    def rows(self) -> dict[str, dict[str, object]]:
        """Return the engine's description of each part's container; of several the worst."""
        rows: dict[str, dict[str, object]] = {}
        for row in parse_rows(self._listed()):
            if _is_well(rows.setdefault(str(row["Service"]), row)):
                rows[str(row["Service"])] = row
        return rows

    def failure(self, what: str) -> StackError:
        """Return the error of a logged command."""
        return StackError(f"{what}; log: {self.log}", log_tail=last_lines(self.log, 10))

    def _listed(self) -> str:
        return self.output("ps", "--all", "--format", "json")

    @property
    def _own(self) -> dict[str, str]:
        # burnrate.yml's addresses are among them.
        return {"DOCKER_SOCKET": engine_socket(self.settings), **self.settings}

    @cached_property
    def _environment(self) -> dict[str, str]:
        # What says the same Compose reads by itself, as it does without us: else a `docker compose
        # up` by hand would find other words, and make containers anew.
        chosen = read_settings(self.layout.env_file)
        return {
            **os.environ,
            # They have the time in them, so that each build would be another image in a containerd
            # store, and Compose would make every container anew that waits for `setup`.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            **{k: v for k, v in self._own.items() if not _mean_the_same(chosen.get(k), v)},
        }


def _mean_the_same(chosen: str | None, value: str) -> bool:
    # Addresses of burnrate.yml end without a slash.
    return chosen is not None and chosen.rstrip("/") == value.rstrip("/")


def _is_well(row: Mapping[str, object]) -> bool:
    return row.get("State") == "running" and row.get("Health") in {"healthy", "", None}


def parse_rows(output: str) -> list[dict[str, object]]:
    """Read `ps --format json`: one array in older versions, one object a line in newer ones."""
    text = output.strip()
    if text.startswith("["):
        return cast("list[dict[str, object]]", json.loads(text))
    return [json.loads(line) for line in text.splitlines()]


def _kept(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
