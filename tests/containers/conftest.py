"""One engine, one set of images and one stack for all tests here.

Two variables change what is tested. `BURNRATE_REAL_IMAGES=1`: images are pulled, and one that
cannot be is a failure, never a stand-in or a skip. `BURNRATE_RUNNING=1`: the stack is the one that
`docker compose up` started in this checkout.
"""

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.containers.engine import Engine, Unavailable, cache_folder, running_engine
from tests.containers.images import Images, make_images
from tests.containers.running import RunningContainers
from tests.containers.stack import Containers, copied_stack

_SUMMARY = pytest.StashKey[list[str]]()


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in {"", "0"}


def _give_up(reason: str) -> NoReturn:
    """Skip, unless somebody relies on it: a promise to test real images is not kept by skipping."""
    if _is_set("BURNRATE_REAL_IMAGES") or _is_set("BURNRATE_RUNNING"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine that answers."""
    try:
        with running_engine(cache_folder()) as found:
            yield found
    except Unavailable as reason:
        _give_up(f"no containers here: {reason}")


@pytest.fixture(scope="session")
def images(engine: Engine, pytestconfig: pytest.Config) -> Images:
    """The images, and Compose; the run's last lines say where they come from."""
    try:
        made = make_images(engine, are_real=_is_set("BURNRATE_REAL_IMAGES"))
    except Unavailable as reason:
        _give_up(f"no images here: {reason}")
    pytestconfig.stash[_SUMMARY] = made.summary()
    return made


@pytest.fixture(scope="session")
def stack(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Containers]:
    """The whole stack, up. Tests leave it as they found it."""
    if _is_set("BURNRATE_RUNNING"):
        yield RunningContainers(engine)
        return
    with copied_stack(engine, request.getfixturevalue("images")) as copy:
        copy.up()
        yield copy


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which images were real."""
    for line in config.stash.get(_SUMMARY, []):
        terminalreporter.write_line(f"images {line}")
