"""One engine, one set of images and one stack for all tests here.

Three variables change what is tested. `BURNRATE_ENGINE=installed` or `newest`: that engine alone,
not on both. `BURNRATE_REAL_IMAGES=1`: images are pulled, and one that cannot be is a failure, never
a stand-in or a skip. `BURNRATE_RUNNING=1`: the stack is the one that `docker compose up` started in
this checkout.
"""

import os
from collections.abc import Iterator, Sequence
from typing import NoReturn

import pytest

from tests.containers.daemon import KINDS, running_engine
from tests.containers.engine import Engine, Unavailable, cache_folder
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


def _kinds() -> Sequence[str]:
    """Return the engines to test on: a stack or images that are there are tested where they are."""
    if _is_set("BURNRATE_REAL_IMAGES") or _is_set("BURNRATE_RUNNING"):
        return KINDS[:1]
    chosen = os.environ.get("BURNRATE_ENGINE", "")
    if chosen not in {"", *KINDS}:
        raise pytest.UsageError(f"BURNRATE_ENGINE is one of {', '.join(KINDS)}")
    return [chosen] if chosen else KINDS


@pytest.fixture(scope="session", params=_kinds())
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A Docker engine that answers: one after the other, with all tests for it."""
    try:
        with running_engine(request.param, cache_folder()) as found:
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
    version = engine.output("version", "--format", "{{.Server.Version}}")
    lines = [f"engine {version}: {line}" for line in made.summary()]
    pytestconfig.stash[_SUMMARY] = [*pytestconfig.stash.get(_SUMMARY, []), *lines]
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
    """Say which engines ran, and which images were real."""
    for line in config.stash.get(_SUMMARY, []):
        terminalreporter.write_line(line)
