"""Measures what the rules of many services cost a real Prometheus.

One service's specification is copied under other names. Prometheus begins with the past that the
rules look back on, a small exporter goes on from there, and what an interval costs is CPU time.
"""

import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from typing import Final

import psutil

from bench.reporting.machine import processor
from bench.slo.exporter import running_exporter
from bench.slo.history import raw_series, write_history
from bench.slo.ledgers import INSTANCE
from bench.slo.prometheus_process import PrometheusProcess, running_prometheus
from burnrate.durations import format_duration, parse_duration
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import groups
from burnrate.slo.specification import Service, Slo
from burnrate.slo.windows import EVALUATION_SECONDS, TICKET_EVALUATION_SECONDS
from burnrate.stack import LOOPBACK

# What the limit is meant for, whatever this machine has.
_CORES: Final = 2
_LIMIT: Final = 0.2


@dataclass(frozen=True)
class Measurement:
    """How much is measured.

    Attributes:
        copies: How many such services.
        evaluations: How many intervals.
        every_seconds: The interval.
    """

    copies: int = 100
    evaluations: int = 8
    every_seconds: int = EVALUATION_SECONDS

    def run(self, service: Service, root: Path) -> Iterator[str]:
        """Yield lines: what is measured, each interval's cost, and whether it is below the limit.

        Raises:
            SpecError: Prometheus or promtool is missing.
        """
        if which("prometheus") is None:
            raise SpecError(root, "", "prometheus is not on the PATH")
        services = [copy_of(service, f"{service.name}{index}") for index in range(self.copies)]
        yield _machine()
        with tempfile.TemporaryDirectory(prefix="burnrate-rules-") as name:
            folder = Path(name)
            series = {f"/{each.name}": raw_series([each]) for each in services}
            rules = [group for each in services for group in groups(each)]
            number = sum(len(group["rules"]) for group in rules)
            yield (
                f"{self.copies} services, {sum(map(len, series.values()))} raw series, {number}"
                f" rules, an evaluation each {self.every_seconds} s, of tickets each"
                f" {self._paced(TICKET_EVALUATION_SECONDS):g} s"
            )
            samples = write_history(services, int(time.time()), folder / "data")
            yield f"past: {samples} samples; the last day of the ledgers, and where windows begin"
            for group in rules:
                group["interval"] = format_duration(self._paced(parse_duration(group["interval"])))
            with running_exporter(series) as port:
                targets = _targets(services, port)
                with running_prometheus(folder, rules, targets) as server:
                    yield from self._watch(server)

    def _paced(self, seconds: float) -> float:
        return seconds * self.every_seconds // EVALUATION_SECONDS

    def _watch(self, server: PrometheusProcess) -> Iterator[str]:
        server.wait_for_evaluations()
        # Once more: the first one finds caches cold and starts what is only done once.
        time.sleep(self.every_seconds)
        spent = []
        for index in range(self.evaluations):
            before, samples = server.cpu_seconds(), server.samples_read()
            time.sleep(self.every_seconds)
            spent.append(server.cpu_seconds() - before)
            read = (server.samples_read() - samples) / 1e6
            shown = f", {read:.1f} million samples read" if read else ""
            yield f"interval {index + 1}: {spent[-1]:.2f} s of CPU{shown}"
        firing = server.firing()
        failed = server.metric("prometheus_rule_evaluation_failures_total")
        # A machine that is too slow leaves evaluations out, and they would look cheap.
        missed = server.metric("prometheus_rule_group_iterations_missed_total")
        # Groups run side by side, so their times add up to waiting; CPU time is what they cost,
        # with the scrapes and the storage in it.
        median, worst = (
            each(spent) / self.every_seconds / _CORES for each in (statistics.median, max)
        )
        verdict = "below" if worst < _LIMIT and not failed + missed else "NOT below"
        yield (
            f"median {100 * median:.1f} %, worst {100 * worst:.1f} % of the interval on {_CORES}"
            f" cores, {firing} alerts fire, {failed:.0f} evaluations failed,"
            f" {missed:.0f} were left out: {verdict} {100 * _LIMIT:.0f} %"
        )


def _machine() -> str:
    version = subprocess.run(
        ["prometheus", "--version"],  # noqa: S607 - looked up on the PATH, as users have it
        capture_output=True,
        text=True,
        check=True,
    )
    # 2.x writes it to standard error.
    first = (version.stdout or version.stderr).splitlines()[0].partition(" (")[0]
    return f"{first}; {platform.machine()}, {processor()}, {psutil.cpu_count()} processors"


def copy_of(service: Service, name: str) -> Service:
    """Return a service under another name, with series, records and alerts of its own."""

    def moved(text: str, slo: Slo) -> str:
        # One exporter stands for the processes and their front door.
        return text.replace(f'job="{slo.job}"', f'job="{name}"')

    def renamed(slo: Slo) -> Slo:
        events = slo.events.model_copy(
            update={field: moved(query, slo) for field, query in slo.events}
        )
        series = {
            key: tuple(moved(each, slo) for each in getattr(slo.settings, key))
            for key in ("good", "bad")
        }
        return replace(
            slo,
            identity={**slo.identity, "service": name},
            service_job=name,
            settings=slo.settings.model_copy(update={**series, "job": None}),
            events=events,
            labels={**slo.labels, "service": name},
        )

    identity = {**service.identity, "service": name}
    slos = tuple(map(renamed, service.slos))
    return replace(service, identity=identity, stem=name, job=name, slos=slos)


def _targets(services: Sequence[Service], port: int) -> list[dict[str, object]]:
    return [
        {
            "targets": [f"{LOOPBACK}:{port}"],
            "labels": {
                "job": service.job,
                "instance": INSTANCE,
                "__metrics_path__": f"/{service.name}",
            },
        }
        for service in services
    ]
