"""The running stack as a drill needs it; anything else is refused."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from burnrate.configuration import ConfigurationError, load_configuration
from burnrate.drill.clients import AlertmanagerApi, InboxApi, PrometheusApi
from burnrate.drill.errors import Refused
from burnrate.http_client import HttpClient
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree
from burnrate.slo.specification import Slo, load_all
from burnrate.stack import Session, Stack

# The service that drills break.
_JOB = "api"
_NOT_FOUND = 404
_NOT_RUNNING = "the stack is not running: set FAULTS_ENABLED=true in .env, then make up"
# As alerting.inbox has it where the compose file says nothing else.
_WATCHDOG_LATE_SECONDS = 150.0


@dataclass(frozen=True)
class RunningStack:
    """The parts of the stack that a drill asks, and the means to stop and start them."""

    session: Session
    stack: Stack
    service: HttpClient
    prometheus: PrometheusApi
    alertmanager: AlertmanagerApi
    inbox: InboxApi

    @classmethod
    def find(cls, say: Callable[[str], None]) -> "RunningStack":
        """Return the stack of the checkout around the working directory.

        Raises:
            Refused: none runs.
        """
        session = Session.open(say)
        stack = session.running_stack()
        if stack is None:
            raise Refused(_NOT_RUNNING)

        urls = {row.part: row.url for row in stack.status()}

        def client(part: str, name: str = "") -> HttpClient:
            return HttpClient(name or part, urls[part])

        return cls(
            session=session,
            stack=stack,
            # Through nginx, as clients come; in containers there is no other way.
            service=client("nginx", "the service"),
            prometheus=PrometheusApi(client("prometheus")),
            alertmanager=AlertmanagerApi(client("alertmanager")),
            inbox=InboxApi(client("inbox")),
        )

    def check(self) -> None:
        """See that all parts are healthy and that the service's faults are switched on.

        Raises:
            Refused: they are not.
            NoAnswer: the service does not answer.
        """
        sick = [row.part for row in self.stack.status() if not row.is_good]
        if sick:
            raise Refused(f"not healthy: {', '.join(sick)} (make status): drill a healthy stack")
        check_faults(self.service)

    @property
    def checkout(self) -> Path:
        """The folder of the checkout whose stack it is."""
        return self.session.containers.checkout

    def slo(self, name: str) -> Slo | None:
        """Return the service's SLO whose name matches a regular expression, as it is specified.

        Raises:
            Refused: the specifications cannot be read.
        """
        try:
            services = load_all(Tree(self.checkout).specs, load_configuration(self.checkout))
        except (SpecError, ConfigurationError) as error:
            raise Refused(str(error)) from error
        slos = (slo for each in services if each.job == _JOB for slo in each.slos)
        return next((slo for slo in slos if re.fullmatch(name, slo.name)), None)

    def stop(self, part: str) -> None:
        """Stop a part of the stack; raises StackError."""
        self.stack.stop(part)

    def start(self, part: str) -> None:
        """Start a part and wait until it is healthy; raises StackError."""
        self.stack.start(part)

    @property
    def watchdog_late_seconds(self) -> float:
        """After how long a silence of the watchdog the inbox calls it late."""
        environment = self.session.compose.services["inbox"].environment
        given = environment.get("INBOX_WATCHDOG_LATE_SECONDS")
        return float(given) if given else _WATCHDOG_LATE_SECONDS

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep other drills out for the block; raises Refused while one is at it."""
        path = self.stack.layout.run / "drill.lock"
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Refused("another drill is running: one at a time") from error
            os.utime(path)
            yield


def check_faults(service: HttpClient) -> None:
    """Ask the service whether its faults are on, and none is injected.

    Raises:
        Refused: it says that they are off, or that somebody else is at it, or it cannot tell.
        NoAnswer: it does not answer.
    """
    answer = service.request("GET", "/faults/injections")
    if answer.status_code == _NOT_FOUND:
        raise Refused("the service's faults are off: set FAULTS_ENABLED=true in .env, then make up")
    if not answer.is_success:
        raise Refused(f"the service cannot say whether its faults are on: {answer.status_code}")
    if items := answer.json()["items"]:
        routes = ", ".join(f"{each['method']} {each['route']}" for each in items)
        raise Refused(
            f"faults are injected already, by somebody else: {routes}; they end by themselves, or "
            f"with: curl -X DELETE {service.url}/faults/injections"
        )
