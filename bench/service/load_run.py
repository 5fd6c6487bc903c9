"""All tables of `python -m bench load`."""

import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.measuring.otlp_sink import running_sink
from bench.reporting.report import Table
from bench.service.comparison import Comparer
from bench.service.content import make_content
from bench.service.endurance import endure
from bench.service.endurance_table import endurance_table
from bench.service.feeds import Feeds
from bench.service.generator import write_content
from bench.service.load_plan import LoadPlan
from bench.service.load_tables import comparison_tables
from bench.service.pressure.documents import forged_documents
from bench.service.pressure.pressing import press
from bench.service.pressure.table import pressure_table
from bench.service.running_service import RunningService, running_service
from bench.service.sides import DOCUMENT, OFF, ON, Side
from burnrate.cli import CommandError
from burnrate.stack import find_postgres_program, find_system_program

# For wrk, beside its connections.
_OTHER_FILES: Final = 64
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)+")


def measure_load(
    plan: LoadPlan, checkout: Path, packages: Path | None, say: Callable[[str], None]
) -> Sequence[Table]:
    """Return the tables.

    Args:
        plan: How much is measured.
        checkout: Whose service is loaded.
        packages: Where the document's packages are; without them its way is left out.
        say: Takes a line for people.

    Raises:
        CommandError: wrk or too many open files are missing, or the load failed.
        StackError: the service does not start.
    """
    check_generator(plan.connections)
    with ExitStack() as stack:
        content = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "content.lua"
        write_content(content)

        def start(side: Side, until: ExitStack) -> RunningService:
            service = until.enter_context(running_service(checkout, plan, side, say))
            make_content(service.target(plan))
            return service

        say("starting the service with its telemetry, without, and as the document has it")
        host = stack.enter_context(forged_documents())
        collector = stack.enter_context(running_sink())
        on = start(Side(ON, collector=collector, allowed_host=host), stack)
        comparer = Comparer(plan, content, say)
        with ExitStack() as comparing:
            sides = {OFF: start(Side(OFF), comparing), ON: on}
            if packages is not None:
                sides[DOCUMENT] = start(Side(DOCUMENT, packages=packages), comparing)
            for service in sides.values():
                comparing.enter_context(Feeds(service.url, plan.feeds))
            uncached = start(Side(ON, collector=collector, is_caching=False), comparing)
            found = comparer.compare(sides, uncached)
        rate = found.steady_rates[ON]
        pressure = press(comparer, on, host, rate)
        tables = (*comparison_tables(found, plan), pressure_table(pressure, plan, rate))
        if plan.minutes:
            say(f"full load for {plan.minutes:g} minutes")
            tables = (*tables, endurance_table(endure(on, plan, content), plan))
    return tables


def check_generator(connections: int) -> None:
    """Raise CommandError unless wrk is there and may open so many connections."""
    if shutil.which("wrk") is None:
        raise CommandError("wrk is not installed: burnrate stack install --with wrk")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _OTHER_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise CommandError(f"{needed} open files are needed, {hard} are allowed: ulimit -Hn")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def versions() -> dict[str, str]:
    """Return the releases of what is loaded, as far as they can be told."""
    programs = {
        "PostgreSQL": (find_postgres_program("postgres"), "--version"),
        "Redis": (find_system_program("redis-server"), "--version"),
        "nginx": (find_system_program("nginx"), "-v"),
        "wrk": (find_system_program("wrk"), "-v"),
    }
    found = {name: version(name) for name in ("asyncpg", "redis")}
    for name, (program, option) in programs.items():
        if program is not None:
            found[name] = _version(program, option)
    return found


def _version(program: Path, option: str) -> str:
    done = subprocess.run(  # noqa: S603 - a program of this system, asked for its version
        [str(program), option], capture_output=True, text=True, check=False
    )
    number = _NUMBER.search(done.stdout + done.stderr)
    return number[0] if number else "unknown"
