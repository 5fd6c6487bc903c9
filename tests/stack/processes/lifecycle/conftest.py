"""What the tests of the stack's life share: one copy of the tree, started as seldom as can be."""

from collections.abc import Iterator

import pytest

from tests.servers.checkout import Checkout, copied_checkout


@pytest.fixture(scope="session")
def checkout() -> Iterator[Checkout]:
    """One copy for all tests here; each says itself whether the stack runs, the last that not."""
    with copied_checkout() as made:
        yield made


@pytest.fixture(autouse=True)
def _settings(checkout: Checkout) -> Iterator[None]:
    """Whatever a test sets, and however it ends: the next begins with what was set before."""
    before = dict(checkout.environment)
    yield
    checkout.environment.clear()
    checkout.environment.update(before)


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    """The stack, up."""
    checkout.up()
    return checkout


@pytest.fixture
def stopped(checkout: Checkout) -> Checkout:
    """The stack, down."""
    assert checkout.run("down").returncode == 0
    assert checkout.processes() == []
    return checkout
