"""What holds for all tests: Hypothesis' settings, and how processes share the tests out."""

import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.logs import kept_logging

# Also at a desk: no deadline, for how long an example takes says how busy the machine is; and the
# same examples in every run, so that a failure is the change's.
hypothesis.settings.load_profile("ci")

_TESTS = Path(__file__).parent
# Those that took above two minutes each on a busy machine. First of all the drills, which wait
# most, beside what leaves them some of the processors.
_LONGEST = (
    "drill",
    "alerting",
    "api/integration/outages",
    "rules",
    "stack/processes/lifecycle",
    "slo",
    "integration",
    "telemetry/server",
    "stack/processes",
    "grafana",
)


@pytest.fixture(scope="module", autouse=True)
def _logging_of_the_module() -> Iterator[None]:
    """What the module's own fixtures do to logging ends with the module."""
    with kept_logging():
        yield


@pytest.fixture(autouse=True)
def _logging_of_the_test() -> Iterator[None]:
    """What a test does to logging ends with the test."""
    with kept_logging():
        yield


def pytest_configure() -> None:
    """Let programs that tests start take Ctrl-C, also where the tests run in the background.

    A shell without job control (`nohup make test &`) starts what runs there with SIGINT ignored,
    which all inherit: whoever is interrupted in a test would go on for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders that take longest: begun last, one alone would be waited for."""
    places = {_TESTS / folder: place for place, folder in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parent, len(places)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Share out by folder."""
    return _ByFolder(config, log)


class _ByFolder(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Keeps a folder's tests in one process, for they share servers."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]
