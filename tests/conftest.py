"""What holds for all tests: Hypothesis' settings, and how processes share the tests out."""

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Also at a desk: no deadline, for how long an example takes says how busy the machine is; and the
# same examples in every run, so that a failure is the change's.
hypothesis.settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the drills: they wait most."""
    items.sort(key=lambda item: item.path.parent.name != "drill")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Share out by folder."""
    return _ByFolder(config, log)


class _ByFolder(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Keeps a folder's tests in one process, for they share servers."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]
