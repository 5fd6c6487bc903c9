"""A change of a checkout's files: tried in a copy, then made as a whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from burnrate.configuration import Configuration
from burnrate.pinned import homes
from burnrate.replacing import replace_text
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
            _write(copy / path, text)
        tree = Tree(copy)
        made = generated(tree, load_all(tree.specs, configuration), configuration)
        changed = {path: text for path, text in made.items() if stale({path: text}, copy)}
        return {**files, **{path.relative_to(copy): text for path, text in changed.items()}}


@contextmanager
def changed(checkout: Path, files: Files) -> Iterator[None]:
    """Change files for good; what fails or interrupts the block puts them back.

    Each file is replaced at once: a reader sees its old text or its new one.
    """
    # In a team's repository that is where a file belongs for good as well.
    wanted = {home: text for path, text in files.items() for home in homes(checkout, path)}
    before = {path: _text(path) for path in wanted}
    try:
        for path, text in wanted.items():
            _write(path, text)
        yield
    except BaseException:
        for path, text in before.items():
            _write(path, text)
        raise


def _copy(checkout: Path, copy: Path) -> None:
    for name in _READ:
        source = checkout / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        elif source.is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy / name)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
        return
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, text, 0o644)
