"""One engine, one set of images and one stack for all tests here."""

from collections.abc import Iterator

import pytest

from tests.containers.engine import Engine, Unavailable, cache_folder, running_engine
from tests.containers.images import Images, make_images
from tests.containers.stack import Containers, copied_stack

_SUMMARY = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine that answers."""
    try:
        with running_engine(cache_folder()) as found:
            yield found
    except Unavailable as reason:
        pytest.skip(f"no containers here: {reason}")


@pytest.fixture(scope="session")
def images(engine: Engine, pytestconfig: pytest.Config) -> Images:
    """The images, and Compose; the run's last lines say where they come from."""
    try:
        made = make_images(engine)
    except Unavailable as reason:
        pytest.skip(f"no images here: {reason}")
    pytestconfig.stash[_SUMMARY] = made.summary()
    return made


@pytest.fixture(scope="session")
def stack(engine: Engine, images: Images) -> Iterator[Containers]:
    """The whole stack, up. Tests leave it as they found it."""
    with copied_stack(engine, images) as copy:
        copy.up()
        yield copy


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which images were real."""
    for line in config.stash.get(_SUMMARY, []):
        terminalreporter.write_line(f"images {line}")
