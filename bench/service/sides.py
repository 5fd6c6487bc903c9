"""What is loaded in turn: the service as shipped, without its telemetry, and the document's way."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.service.bare import FACTORY_VARIABLE, create_app
from bench.service.load_plan import LoadPlan
from burnrate.stack import Service

OFF: Final = "telemetry off"
ON: Final = "telemetry on"
DOCUMENT: Final = "the document's way"

_FOLDER: Final = Path(__file__).parent / "document"
# What the document's way needs and ours does not.
DOCUMENT_PACKAGES: Final = _FOLDER / "packages.txt"
_BARE_FACTORY: Final = f"{create_app.__module__}:{create_app.__name__}()"
_DOCUMENT_COMMAND: Final = (
    "gunicorn",
    "--config",
    "bench/service/document/gunicorn_conf.py",
    "bench.service.document.app:app",
)


@dataclass(frozen=True)
class Side:
    """One of them.

    Attributes:
        collector: Where its traces go; None for one that sends none.
        packages: The folder with the document's packages.
        is_caching: Whether answers are cached, as shipped.
        allowed_host: From where its `POST /process` may fetch although the address is private.
    """

    label: str
    collector: str | None = None
    packages: Path | None = None
    is_caching: bool = True
    allowed_host: str = ""

    def api(self, shipped: Service, plan: LoadPlan, checkout: Path) -> Service:
        """Return the api of this side, made of the one in the checkout's `docker-compose.yml`."""
        environment = {**shipped.environment, "PROCESS_ALLOWED_HOSTS": self.allowed_host}
        if not self.is_caching:
            environment["CACHE_TTL_SECONDS"] = "0"
        if not plan.is_recycling:
            environment["MAX_REQUESTS"] = environment["MAX_REQUESTS_JITTER"] = "0"
        command = self._command(list(shipped.command or []), environment, checkout)
        return shipped.model_copy(update={"environment": environment, "command": command})

    def _command(
        self, command: list[str], environment: dict[str, str | None], checkout: Path
    ) -> list[str]:
        if self.label == OFF:
            # gunicorn's last argument is the factory; ours calls it.
            environment[FACTORY_VARIABLE] = command[-1].removesuffix("()")
            return [*command[:-1], _BARE_FACTORY]
        if self.label == DOCUMENT:
            # From the checkout, where it starts: the stack refuses paths of the machine.
            environment["PYTHONPATH"] = os.path.relpath(self.packages or "", checkout)
            return list(_DOCUMENT_COMMAND)
        return command
