"""How the tests are shared out when several processes run them (`pytest -n 3 --dist loadgroup`)."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a folder's tests in one process, for they share servers; drills wait longest: first."""
    items.sort(key=lambda item: item.path.parent.name != "drill")
    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(item.path.parent)))
