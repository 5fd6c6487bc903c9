"""Log files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burnrate.stack.logs import follow, last_lines


def test_the_last_lines_of_a_long_file(tmp_path: Path) -> None:
    """Only the end is read, in order."""
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {n}\n" for n in range(50_000)), encoding="utf-8")
    assert last_lines(log, 2) == ["line 49998", "line 49999"]
    assert last_lines(log, 0) == []
    assert last_lines(tmp_path / "missing.log", 2) == []


def test_following_gives_new_lines_only_and_survives_rotation(tmp_path: Path) -> None:
    """Old lines are not repeated; a half line waits; a moved file's successor is read from 0."""
    log, later = tmp_path / "a.log", tmp_path / "b.log"
    log.write_text("old\n", encoding="utf-8")
    seen: list[tuple[str, str]] = []

    def add(path: Path, text: str) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    def rotate() -> None:
        add(log, "last\n")
        log.rename(tmp_path / "a.log.1")
        log.write_text("first\n", encoding="utf-8")

    steps: Iterator[Callable[[], None]] = iter(
        [
            lambda: add(log, "one\nha"),
            lambda: add(log, "lf\n"),
            rotate,
            lambda: None,
            lambda: add(later, "late\n"),
            lambda: None,
        ]
    )

    def wait(_seconds: float) -> None:
        try:
            next(steps)()
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        follow({"a": log, "b": later}, lambda part, line: seen.append((part, line)), wait)
    assert seen == [("a", "one"), ("a", "half"), ("a", "last"), ("a", "first"), ("b", "late")]
