"""One course of counters, for promtool's tests and for a Prometheus that has it as its past."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from burnrate.stack import free_port
from tests.servers.processes import HOST, ServerProcess
from tests.support.waiting import wait_until

# A Sunday at midnight, long ago: a whole number of evaluations of all groups.
BEGIN = 1_725_148_800
SAMPLES = 15
_NOTHING: Mapping[str, float] = {}

# Of each series, by its selector, the value at each sample; None where there is none.
Course = Mapping[str, Sequence[float | None]]


@dataclass
class Instance:
    """A process that counts; what it does is told sample by sample.

    Attributes:
        labels: Of all its series.
        names: The counters, by what they count.
    """

    labels: str
    names: Mapping[str, str]

    def __post_init__(self) -> None:
        self.series: dict[str, list[float | None]] = {}
        self._values = dict.fromkeys(self.names, 0.0)
        self._start: float = -3600

    @property
    def samples(self) -> int:
        """How many samples there are of it so far."""
        return len(next(iter(self.series.values()), []))

    def run(
        self, samples: int, events: Mapping[str, float] = _NOTHING, *, is_up: bool = True
    ) -> None:
        """Count so many events of each kind between two samples; a counter is born with its first.

        Args:
            samples: How many.
            events: By kind.
            is_up: Whether it answers.
        """
        for _ in range(samples):
            for kind, count in events.items():
                self._values[kind] += count
            self._add("up", float(is_up))
            self._add("process_start_time_seconds", self._start if is_up else None)
            for kind, name in self.names.items():
                value = self._values[kind]
                self._add(name, value if is_up and value else None)

    def unseen(self, samples: int) -> None:
        """Let time pass in which nobody scrapes it."""
        for name in ("up", "process_start_time_seconds", *self.names.values()):
            for _ in range(samples):
                self._add(name, None)

    def restart(self) -> None:
        """Be another process, which has counted nothing."""
        self._values = dict.fromkeys(self.names, 0.0)
        self._start = (self.samples - 1) * SAMPLES

    def _add(self, name: str, value: float | None) -> None:
        base, _, own = name.partition("{")
        inside = ", ".join(filter(None, [self.labels, own.rstrip("}")]))
        self.series.setdefault(f"{base}{{{inside}}}", []).append(value)


def input_series(course: Course) -> list[dict[str, str]]:
    """Return the course as promtool's input."""
    return [
        {"series": name, "values": " ".join("_" if v is None else f"{v:.10g}" for v in values)}
        for name, values in course.items()
    ]


def write_blocks(course: Course, folder: Path) -> None:
    """Make the course the past of a Prometheus that has its data in the folder."""
    text = folder / "history.txt"
    with text.open("w") as file:
        for name, values in course.items():
            plain = name.replace(", ", ",")
            # When a process started is a time, which promtool counts from 0.
            shift = BEGIN if name.startswith("process_start") else 0
            file.writelines(
                f"{plain} {value + shift:.15g} {BEGIN + index * SAMPLES}\n"
                for index, value in enumerate(values)
                if value is not None
            )
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text)]
    subprocess.run([*command, str(folder / "data")], check=True, capture_output=True)


@contextmanager
def prometheus_with(folder: Path, jobs: str = "[]") -> Iterator[str]:
    """Start a Prometheus on the data in the folder; give its address.

    Args:
        folder: For its files; `data` in it holds the past.
        jobs: What it would scrape, as YAML.
    """
    (folder / "prometheus.yml").write_text(f"scrape_configs: {jobs}\n")
    port = free_port()
    server = ServerProcess(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=10y",
            f"--web.listen-address={HOST}:{port}",
        ],
        folder / "log",
        port=port,
    )
    with server.running():
        url = f"http://{HOST}:{port}"
        wait_until(lambda: httpx2.get(f"{url}/-/ready").is_success, "Prometheus")
        yield url
