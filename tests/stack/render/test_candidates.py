"""Candidates: beside what is in use, then in its place, and back."""

from pathlib import Path

import pytest

from burnrate.stack.render import clear_candidate, put_back, take_candidate, write_candidate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A part's folder with three files in use and a secret."""
    for name, text in {
        "a.yml": "a",
        "rules/same.yml": "same",
        "old/gone.yml": "gone",
        "secrets/token": "t",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


_CANDIDATE = {"a.yml": b"b", "rules/same.yml": b"same", "rules/new.yml": b"new"}


def _content(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def test_a_candidate_is_whole_and_beside_what_is_in_use(folder: Path) -> None:
    """So that relative paths in it mean its own files; what changes is named."""
    before = _content(folder)
    assert write_candidate(folder, _CANDIDATE) == ["a.yml", "old/gone.yml", "rules/new.yml"]
    beside = {f"next/{name}": content.decode() for name, content in _CANDIDATE.items()}
    assert _content(folder) == before | beside
    clear_candidate(folder)
    assert _content(folder) == before


def test_a_taken_candidate_is_all_there_is_and_can_be_undone(folder: Path) -> None:
    """Secrets are apart; a file that did not change is the same one."""
    before = _content(folder)
    same = (folder / "rules/same.yml").stat().st_ino
    write_candidate(folder, _CANDIDATE)
    take_candidate(folder)
    in_use = {n: text for n, text in _content(folder).items() if not n.startswith("previous/")}
    wanted = {name: content.decode() for name, content in _CANDIDATE.items()}
    assert in_use == wanted | {"secrets/token": "t"}
    assert (folder / "rules/same.yml").stat().st_ino == same

    put_back(folder)
    assert _content(folder) == before


def test_there_is_nothing_to_take_or_put_back_without_a_candidate(folder: Path) -> None:
    """A second call does no harm."""
    before = _content(folder)
    take_candidate(folder)
    put_back(folder)
    assert _content(folder) == before


def test_a_candidate_that_was_left_is_forgotten(folder: Path) -> None:
    """Of a command that was killed, or whose candidate was refused."""
    write_candidate(folder, {"left.yml": b"x"})
    write_candidate(folder, _CANDIDATE)
    take_candidate(folder)
    assert "left.yml" not in _content(folder)
