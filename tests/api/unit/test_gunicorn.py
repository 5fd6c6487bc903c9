"""What gunicorn is told besides values."""

import subprocess
import sys

from gunicorn.config import KNOWN_SETTINGS

from tests.servers.processes import ROOT

_LOADED = """
import gc, runpy, sys
config = runpy.run_path("api/gunicorn.conf.py")
assert "api.main" in sys.modules, "each worker would import it"
config["post_worker_init"](None)
print(gc.get_freeze_count(), *gc.get_threshold())
"""


def test_a_worker_collects_less_garbage_once_it_has_loaded() -> None:
    """By gunicorn's own hook, which it calls by its name; what it loads the master has imported."""
    assert "post_worker_init" in {setting.name for setting in KNOWN_SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    frozen, *thresholds = map(int, done.stdout.split())
    assert frozen > 10_000
    assert thresholds == [10_000, 20, 20]
