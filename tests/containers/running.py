"""The stack that somebody started with `docker compose up` in this checkout."""

import json
import os

from tests.containers.engine import Engine
from tests.containers.images import Images
from tests.containers.stack import Containers
from tests.servers.checkout import ROOT


class RunningContainers(Containers):
    """What runs already, with the checkout's own settings; tests leave it as they found it."""

    def __init__(self, engine: Engine) -> None:
        # Not the base's start: nothing is copied, and no setting is replaced.
        self.path = ROOT
        self.engine = engine
        self.images = Images(pulled={}, stand_ins={}, absent={})
        self.environment = {**os.environ, **engine.variables}
        done = self.compose("config", "--format", "json")
        assert done.returncode == 0, done.stderr
        described = json.loads(done.stdout)
        self.project = str(described["name"])
        self.ports = {
            f"{part.upper()}_PORT": int(port["published"])
            for part, service in described["services"].items()
            for port in service.get("ports", [])
        }
