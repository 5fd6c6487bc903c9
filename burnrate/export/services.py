"""Specifications with the values of an export in their place, read as the generator reads them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from burnrate.configuration import Configuration
from burnrate.export.errors import ExportError
from burnrate.export.values import Values
from burnrate.slo.errors import SpecError
from burnrate.slo.specification import (
    Service,
    is_short,
    load_files,
    own_sources,
    settings_file,
    specification_files,
)
from burnrate.yaml_text import yaml_text

# A list of matchers in PromQL; quotes inside YAML's may be escaped.
_MATCHERS: Final = re.compile(r"\{[^{}]*\}")
_JOB: Final = re.compile(r"""\bjob\s*=\s*(?P<quote>\\?["'])(?P<job>[^"'\\]*)(?P=quote)""")


def services(paths: Sequence[Path], values: Values, configuration: Configuration) -> list[Service]:
    """Return the services of a team's files, as they are named and scraped where they will run.

    Raises:
        ExportError: there is no file, or a value does not fit what is in them.
        SpecError: a file is wrong.
    """
    files = [file for path in paths for file in specification_files(path)]
    if values.job is not None and len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise ExportError(f"--set job: is one service's; export them one by one: {names}")
    with TemporaryDirectory() as folder:
        copies = {}
        for number, file in enumerate(files):
            below = Path(folder, str(number))
            below.mkdir()
            copies[_copied(file, below, values)] = file
        with _named(copies):
            made = load_files(list(copies), configuration)
    if values.job is not None and {each.job for each in made} != {values.job}:
        raise ExportError(f"--set job: {files[0]} has no job of its own processes, or several")
    return made


def _copied(file: Path, folder: Path, values: Values) -> Path:
    """Write a specification and what stands beside it, with the values in their place."""
    for beside in own_sources(file.parent):
        (folder / beside.name).write_text(_text(beside), encoding="utf-8")
    copy, beside = folder / file.name, settings_file(file)
    text = _text(file)
    settings = _text(beside) if beside.is_file() else ""
    if is_short(file):
        text = yaml_text(_short(_content(file, text), values))
    else:
        old = _job(file, text, settings) if values.job is not None else None
        text, settings = (_placed(each, old, values) for each in (text, settings))
    copy.write_text(text, encoding="utf-8")
    content = _settings(_content(beside, settings), values, has_job=not is_short(file))
    if content is not None:
        (folder / beside.name).write_text(yaml_text(content), encoding="utf-8")
    return copy


def _short(content: dict[str, Any], values: Values) -> dict[str, Any]:
    where = {**content.get("where", {}), **values.identity}
    job = {"job": values.job} if values.job is not None else {}
    return {**content, **({"where": where} if where else {}), **job}


def _settings(content: Any, values: Values, *, has_job: bool) -> dict[str, Any] | None:  # noqa: ANN401 - YAML
    made = dict(content) if isinstance(content, dict) else {}
    if values.identity:
        made["identity"] = {**made.get("identity", {}), **values.identity}
    if values.job is not None and has_job:
        made["job"] = values.job
    # What is no mapping is refused by its reader.
    if content is not None and not isinstance(content, dict):
        return {"settings": content}
    return {"version": "burnrate/v1", **made} if made else None


def _job(file: Path, text: str, settings: str) -> str | None:
    """Return the job that stands for the service's processes in its files."""
    told = _content(settings_file(file), settings)
    if isinstance(told, dict) and told.get("job"):
        return str(told["job"])
    found = sorted({match["job"] for match in _JOB.finditer(text)})
    if len(found) > 1:
        raise ExportError(
            f"--set job: {file} names several ({', '.join(found)}): say in its settings which one"
            " is the service's"
        )
    return found[0] if found else None


def _placed(text: str, old: str | None, values: Values) -> str:
    return _MATCHERS.sub(lambda found: _matched(found[0], old, values), text)


def _matched(matchers: str, old: str | None, values: Values) -> str:
    job = _JOB.search(matchers)
    if job is None:
        return matchers
    name = values.job if values.job is not None and job["job"] == old else job["job"]
    quote = job["quote"]
    others = {**values.identity}
    shown = [f"{label}={quote}{value}{quote}" for label, value in {"job": name, **others}.items()]
    rest = matchers[: job.start()] + "\0" + matchers[job.end() :]
    for label in others:
        given = rf"""\b{label}\s*=~?\s*(?P<quote>\\?["'])[^"'\\]*(?P=quote)\s*,?\s*"""
        rest = re.sub(given, "", rest)
    return re.sub(r",\s*\}", "}", rest).replace("\0", ", ".join(shown))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise SpecError(file, "", str(reason)) from error


def _content(file: Path, text: str) -> Any:  # noqa: ANN401 - YAML
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SpecError(file, "", "is not valid YAML") from error


@contextmanager
def _named(copies: Mapping[Path, Path]) -> Iterator[None]:
    """Have errors name a team's file, and not the copy."""
    try:
        yield
    except SpecError as error:
        for copy, file in copies.items():
            if error.file.parent == copy.parent:
                own = file.parent / error.file.name
                raise SpecError(own, error.path, error.reason, line=error.line) from error
        raise
