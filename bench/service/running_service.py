"""The service as shipped, in a place of its own: nginx, api, PostgreSQL and Redis as processes.

It is `docker-compose.yml` and the files that it mounts that are measured, read as `burnrate stack`
reads them. Nothing of a stack that may run beside it is touched: state, secrets and ports are new.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.service.generator import Target
from bench.service.load_plan import LoadPlan
from bench.service.resources import ProcessTree
from bench.service.sides import Side
from burnrate.cli import CommandError
from burnrate.console import uninterrupted
from burnrate.stack import (
    ENDPOINTS,
    LOOPBACK,
    AddressMap,
    Compose,
    Layout,
    ProcessStack,
    free_ports,
    is_open_to_all,
    load_compose,
    main_process_id,
)

PARTS: Final = ("nginx", "api", "postgres", "redis")
# Above what any machine sends in a minute: the limits count and decide, and turn nobody away.
_NO_LIMIT: Final = "10000000"
_START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class RunningService:
    """A service that answers.

    Attributes:
        parts: Its processes, by the name of the part.
    """

    layout: Layout
    addresses: AddressMap
    parts: Mapping[str, ProcessTree]

    @property
    def url(self) -> str:
        """The address of nginx, where clients come in, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.addresses.port('nginx')}"

    @property
    def api_port(self) -> int:
        """The port of the api itself."""
        return self.addresses.port("api")

    def target(self, plan: LoadPlan) -> Target:
        """Return it as what is loaded, its content made as planned."""
        return Target(self.url, plan.users, plan.posts)


@contextmanager
def running_service(
    checkout: Path, plan: LoadPlan, side: Side, say: Callable[[str], None]
) -> Iterator[RunningService]:
    """Run the service for the block.

    Args:
        checkout: Whose files it is made of.
        plan: How many workers it has.
        side: Which one.
        say: Takes a line for people.

    Raises:
        StackError: a program is missing, or a part does not start.
        CommandError: there is no place for its state.
    """
    with ExitStack() as stack:
        layout = Layout(checkout, stack.enter_context(_state(say)))
        addresses = _free_addresses(side.collector)
        compose = _compose(layout, plan, side)
        # The load comes from here alone.
        settings = {"CLIENT_LIMITS_EXEMPT": LOOPBACK}
        processes = ProcessStack(
            layout, compose, addresses, settings, lambda _: None, _START_SECONDS
        )
        stack.callback(_stop, processes, say)
        processes.up()
        parts = {name: ProcessTree(main_process_id(layout, name)) for name in PARTS}
        yield RunningService(layout, addresses, parts)


@contextmanager
def _state(say: Callable[[str], None]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="burnrate-bench-"))
    try:
        folder.chmod(0o755)
        if not is_open_to_all(folder):
            raise CommandError(
                f"{folder} is in a private directory: as root, PostgreSQL runs as the user "
                "postgres, who cannot reach it; set TMPDIR"
            )
        yield folder
    finally:
        with uninterrupted(say):
            shutil.rmtree(folder)


def _stop(processes: ProcessStack, say: Callable[[str], None]) -> None:
    with uninterrupted(say):
        processes.down()


def _compose(layout: Layout, plan: LoadPlan, side: Side) -> Compose:
    """Return the shipped description of the four parts, with nobody's own settings."""
    settings = {
        "WEB_CONCURRENCY": str(plan.workers),
        "RATE_LIMIT_PER_MINUTE": _NO_LIMIT,
        "RATE_LIMIT_PROCESS_PER_MINUTE": _NO_LIMIT,
    }
    compose = load_compose(layout.compose_file, settings)
    services = {name: compose.services[name] for name in PARTS}
    services["api"] = side.api(services["api"], plan, layout.checkout)
    return compose.model_copy(update={"services": services})


def _free_addresses(collector: str | None) -> AddressMap:
    """Return free ports for all parts; Tempo's is the collector's."""
    free = free_ports(len(ENDPOINTS))
    ports = {endpoint.variable: str(port) for endpoint, port in zip(ENDPOINTS, free, strict=True)}
    if collector is not None:
        ports["TEMPO_OTLP_PORT"] = collector.rpartition(":")[2]
    return AddressMap.from_environment(ports)
