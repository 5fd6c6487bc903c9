"""New containers of the service, and somebody who serves all the while."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from burnrate.stack.addresses import MANIFOLD
from burnrate.stack.containers.compose_command import ComposeCommand
from burnrate.stack.containers.host import ContainerHost
from burnrate.stack.errors import StackError

_PROXY = "nginx"
# The network in which the proxy asks them.
_NETWORK = "_edge"
# Of a container: its id, the image that Compose made it from, and what it is called where.
_IMAGES = '{{.ID}} {{.Label "com.docker.compose.image"}}'
_ADDRESSES = (
    "{{range $name, $each := .NetworkSettings.Networks}}"
    '{{$name}} {{$each.IPAddress}}{{"\\n"}}{{end}}'
)
# As the proxy's entry point writes it at each start (docker-compose.yml).
_FOLLOWED = f"server {MANIFOLD}:8000 resolve fail_timeout=30s;"
_WRITE = 'printf "%s\\n" "$@" >/run/nginx/instances.conf'
# nginx ends old workers after 10 s at the latest (worker_shutdown_timeout).
_RELOAD_SECONDS = 60.0
_POLL_SECONDS = 0.2


class _NotFollowed(StackError):
    """The proxy goes on asking whom it asked; nobody has been stopped yet."""


@dataclass(frozen=True)
class Replacement:
    """Replaces the service's containers by those that Compose would make now.

    As many more, which are no part of the stack, serve while the others are made anew: so those
    keep their numbers, by which Prometheus knows them. Whoever is to stop gets no request any more
    before it does: the engine's names would go on naming it, and nginx repeats no request that
    fails while the addresses behind a name change.

    Attributes:
        host: The running stack.
        count: How many instances there are to be.
        timeout_seconds: How long new ones may take to become healthy.
        look: Returns what Compose is at, for people.
        say: Takes a line for people.
    """

    host: ContainerHost
    count: int
    timeout_seconds: float
    look: Callable[[], str]
    say: Callable[[str], None]

    def is_of_other_image(self, image: str) -> bool:
        """Tell whether some container was made from another image than the one of this name."""
        found = self._command.engine("image", "inspect", "--format", "{{.Id}}", image)
        wanted = found.stdout.strip()
        made = [line.split()[1:] for line in self._command.containers(MANIFOLD, _IMAGES)]
        return bool(wanted) and any(each != [wanted] for each in made)

    def run(self) -> None:
        """Start further ones, make the others anew, and stop the further ones.

        Raises:
            StackError: new ones do not become healthy; those of before serve on, or, where only
                the last step fails, the further ones do.
        """
        before = self._containers()
        self.say(f"{MANIFOLD}: new containers serve before those of before stop")
        self._start_further(before)
        further = self._others(before)
        try:
            with self._passing_on(further):
                self._command.engine("stop", *before)
                if self._up(len(before) + len(further)) != 0:
                    raise self._command.failure(
                        f"{MANIFOLD}: further containers serve in its place"
                    )
        except _NotFollowed:
            self._remove(further)
            raise
        self._stop_others(self._others(further))
        self.say(f"{MANIFOLD}: replaced, one after the other")

    def end_surplus(self) -> None:
        """Stop those that are too many, the youngest."""
        found = self._containers()
        if len(found) > self.count:
            self._stop_others(found[: self.count])

    def _start_further(self, before: Sequence[str]) -> None:
        try:
            if self._up(2 * len(before), "--no-recreate") == 0:
                return
        except BaseException:
            self._remove(self._others(before))
            raise
        error = self._command.failure(
            f"{MANIFOLD}: new containers do not become healthy, those of before serve on"
        )
        self._remove(self._others(before))
        raise error

    def _stop_others(self, kept: Sequence[str]) -> None:
        with self._passing_on(kept):
            self._remove(self._others(kept))

    def _remove(self, containers: Sequence[str]) -> None:
        if containers:
            # As long as the service's stop_grace_period says.
            self._command.engine("stop", *containers)
            self._command.engine("rm", "--force", *containers)

    def _up(self, count: int, *options: str) -> int:
        waiting = ["--detach", "--wait", "--wait-timeout", str(round(self.timeout_seconds))]
        # Not `--no-deps`: to Compose it would be another service, which the next `up` makes anew.
        scale = ["--scale", f"{MANIFOLD}={count}"]
        return self._command.logged(["up", *waiting, *scale, *options, MANIFOLD], self.look)

    @contextmanager
    def _passing_on(self, containers: Sequence[str]) -> Iterator[None]:
        """Have the proxy ask these alone for a block, and afterwards whoever has the name."""
        servers = [f"server {self._address(each)}:8000 fail_timeout=30s;" for each in containers]
        try:
            self._pass_on(servers)
            yield
        finally:
            with suppress(StackError):
                self._pass_on([_FOLLOWED])

    def _address(self, container: str) -> str:
        listed = self._command.engine("inspect", "--format", _ADDRESSES, container).stdout
        rows = [line.split() for line in listed.splitlines()]
        found = [row[1] for row in rows if len(row) > 1 and row[0].endswith(_NETWORK)]
        if not found:
            raise StackError(f"{MANIFOLD}: a new container has no address that {_PROXY} could ask")
        return found[0]

    def _pass_on(self, servers: Sequence[str]) -> None:
        """Write the proxy's servers, and wait until all that it does is with them."""
        if _PROXY not in self.host.running():
            return
        before = self.host.workers(_PROXY)
        self.host.execute(_PROXY, ["sh", "-c", _WRITE, "sh", *servers], None)
        self.host.signal(_PROXY)
        deadline = time.monotonic() + _RELOAD_SECONDS
        while not (now := self.host.workers(_PROXY)) or not before.isdisjoint(now):
            if time.monotonic() > deadline:
                raise _NotFollowed(f"{_PROXY} does not pass requests on to other containers")
            time.sleep(_POLL_SECONDS)

    def _others(self, containers: Sequence[str]) -> list[str]:
        return [each for each in self._containers() if each not in containers]

    def _containers(self) -> list[str]:
        """Return the ids of the service's containers by their numbers, ended ones too."""
        return [line.split()[0] for line in self._command.containers(MANIFOLD, _IMAGES)]

    @property
    def _command(self) -> ComposeCommand:
        return self.host.command
