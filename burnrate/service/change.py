"""A change of a checkout's files: tried in a copy, then made as a whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from burnrate.configuration import Configuration
from burnrate.pinned import homes, repository_of
from burnrate.service.undoing import Step, forget, note, put_back, text_of, write
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated, stale
from burnrate.slo.specification import load_all

# What the generator reads and writes.
_READ = ("prometheus", "loki/rules", "alerting/alertmanager.yml", "docs/slo-detection.md")

# Path below the checkout -> its text; None for a file that goes.
Files = Mapping[Path, str | None]


def with_generated(
    checkout: Path, files: Files, configuration: Configuration
) -> dict[Path, str | None]:
    """Return a change with all that is generated after it; nothing is written into the checkout.

    Args:
        checkout: What is changed.
        files: The change.
        configuration: The team's choices.

    Raises:
        SpecError: a specification would be refused.
    """
    with tempfile.TemporaryDirectory(prefix="burnrate-service-") as name:
        copy = Path(name)
        _copy(checkout, copy)
        for path, text in files.items():
            write(copy / path, text)
        tree = Tree(copy)
        try:
            made = generated(tree, load_all(tree.specs, configuration), configuration)
        except SpecError as error:
            # By its place in the checkout, and not in the copy.
            own = error.file.relative_to(copy) if error.file.is_relative_to(copy) else error.file
            raise SpecError(own, error.path, error.reason, line=error.line) from error
        changed = {path: text for path, text in made.items() if stale({path: text}, copy)}
        return {**files, **{path.relative_to(copy): text for path, text in changed.items()}}


@contextmanager
def changed(checkout: Path, files: Files) -> Iterator[None]:
    """Change files for good; what fails or interrupts the block puts them back.

    Each file is replaced at once: a reader sees its old text or its new one. After a kill `undone`
    puts them back.
    """
    folder = repository_of(checkout)
    # In a team's repository that is where a file belongs for good as well.
    wanted = {home: text for path, text in files.items() for home in homes(checkout, path)}
    steps = [
        Step(path.relative_to(folder).as_posix(), text_of(path), text)
        for path, text in wanted.items()
    ]
    note(folder, steps)
    try:
        for path, text in wanted.items():
            write(path, text)
        yield
    except BaseException:
        put_back(folder, steps)
        raise
    forget(folder)


def _copy(checkout: Path, copy: Path) -> None:
    for name in _READ:
        source = checkout / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        elif source.is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy / name)
