"""Rules of anyone's SLOs tried on promtool: what each tier must see, and that health is silent."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from burnrate.slo.detection import detections
from burnrate.slo.generator import file_name, has_input_series, rule_files, unit_tests
from burnrate.slo.specification import Service, Slo


class PromtoolMissing(Exception):
    """There is no promtool, so nothing can be tried."""

    def __init__(self) -> None:
        super().__init__(
            "promtool is not on the PATH, nothing was tested: it comes with Prometheus"
            " (Debian: prometheus; https://prometheus.io/download/)"
        )


@dataclass(frozen=True)
class Verdict:
    """What promtool says about a file.

    Attributes:
        what: The SLO and what about it, or the file of rules.
        failure: What promtool says; empty if all is right, None if there is nothing to try.
    """

    what: str
    failure: str | None


def tried(services: Sequence[Service], folder: Path) -> Iterator[Verdict]:
    """Write rules and tests into a folder and yield promtool's verdicts, one after the other.

    Raises:
        PromtoolMissing: it is not installed.
        SpecError: two SLOs would have the same file.
    """
    promtool = shutil.which("promtool")
    if promtool is None:
        raise PromtoolMissing
    rules, tests = folder / "rules", folder / "tests"
    for each in (rules, tests):
        each.mkdir(parents=True, exist_ok=True)
    for name, text in rule_files(services).items():
        (rules / name).write_text(text, encoding="utf-8")
        yield Verdict(name, _run(promtool, "check", rules / name))
    for service in services:
        for slo in service.slos:
            yield from _slo(promtool, service, slo, tests)


def _slo(promtool: str, service: Service, slo: Slo, tests: Path) -> Iterator[Verdict]:
    about = f"{service.title}: {slo.name}"
    if not has_input_series(slo):
        yield Verdict(about, None)
        return
    rules = file_name(service, slo)
    for name, text in unit_tests(slo, detections(slo), f"../rules/{rules}").items():
        path = tests / f"{Path(rules).stem}-{name}_test.yml"
        path.write_text(text, encoding="utf-8")
        yield Verdict(f"{about}, {name}", _run(promtool, "test", path))


def _run(promtool: str, what: str, path: Path) -> str:
    done = subprocess.run(  # noqa: S603 - promtool, on files that were just written
        [promtool, what, "rules", str(path)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()
