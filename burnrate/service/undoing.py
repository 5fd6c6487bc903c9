"""A change of files that was killed before its end, such as by a power cut, and how it is undone.

What is about to change is written down before, and that note is taken away afterwards: whoever
finds one knows what was there, and what should have been.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from burnrate.replacing import replace_text
from burnrate.service.errors import ServiceError

# Beside the state of a stack, which Git does not see.
_NOTE: Final = Path(".burnrate/service-change.json")


@dataclass(frozen=True)
class Step:
    """What happens to one file.

    Attributes:
        path: The file, below the folder of the note.
        before: Its text; None where it is not there.
        after: The same of what it is to hold.
    """

    path: str
    before: str | None
    after: str | None


def note(folder: Path, steps: Sequence[Step]) -> None:
    """Write down what is about to change below a folder."""
    place = folder / _NOTE
    place.parent.mkdir(mode=0o755, exist_ok=True)
    replace_text(place, json.dumps([asdict(step) for step in steps]), 0o600)


def forget(folder: Path) -> None:
    """Take the note away: the change is made, or undone."""
    (folder / _NOTE).unlink(missing_ok=True)


def put_back(folder: Path, steps: Sequence[Step]) -> None:
    """Have each file hold what it did before; what cannot be put back stops none of the others.

    Raises:
        OSError: the first of what could not be; the note is still there.
    """
    failed = []
    # First what is to go, which needs no room.
    for step in sorted(steps, key=lambda each: each.before is not None):
        try:
            write(folder / step.path, step.before)
        except OSError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    forget(folder)


def undone(folder: Path) -> str | None:
    """Undo a change that was killed half-way; nobody else may be at one.

    Args:
        folder: Where its note would be.

    Returns:
        A line that says what was found, if there was anything to undo.

    Raises:
        ServiceError: the note cannot be read.
    """
    steps = _noted(folder)
    if steps is None:
        return None
    for step in steps:
        _remove_unfinished(folder / step.path)
    found = {step: text_of(folder / step.path) for step in steps}
    is_begun = any(text != step.before for step, text in found.items())
    is_made = all(text == step.after for step, text in found.items())
    strange = [step.path for step, text in found.items() if text not in {step.before, step.after}]
    if is_begun and not is_made and not strange:
        put_back(folder, steps)
        return (
            "a change of services that was interrupted is undone; burnrate stack reload has a "
            "running stack know it"
        )
    forget(folder)
    if strange and not is_made:
        return (
            "a change of services was interrupted, and is not undone, for somebody has changed "
            f"{strange[0]} since: see git status"
        )
    return None


def text_of(path: Path) -> str | None:
    """Return what a file holds; None where it is not there."""
    return path.read_text(encoding="utf-8") if path.is_file() else None


def write(path: Path, text: str | None) -> None:
    """Replace a file at once, or remove it for None; one that holds the text stays as it is."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    if text_of(path) == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, text, 0o644)


def _noted(folder: Path) -> list[Step] | None:
    place = folder / _NOTE
    try:
        return [Step(**each) for each in json.loads(place.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise ServiceError(f"{place}: cannot be read: see git status, and remove it") from error


def _remove_unfinished(path: Path) -> None:
    """Remove what `replace_text` had not put in a file's place yet."""
    for each in path.parent.glob(f".{path.name}.????????"):
        each.unlink()
