"""Checks SLO files and writes what changes into the summary of a GitHub job.

Reads FILES, ROOT, RULES and BASE as action.yml describes them, and GITHUB_STEP_SUMMARY. Exit code:
0 all is right, 1 a file is refused or committed rules are stale.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

# GitHub takes a mebibyte for a whole step.
_MOST_CHARACTERS: Final = 500_000
# Beside this Python: the working directory may hold a folder of the same name.
_BURNRATE: Final = (str(Path(sys.executable).with_name("burnrate")), "slo")


def main() -> int:
    """Write the summary and say what is wrong where; return the exit code."""
    files, root = os.environ["FILES"].split(), os.environ.get("ROOT") or "."
    rules, base = os.environ.get("RULES", ""), os.environ.get("BASE", "")
    told = _run(*_BURNRATE, "check", "--json", "--root", root, *files)
    if not told.stdout.startswith("{"):
        print(told.stderr, file=sys.stderr)  # noqa: T201 - for the job's log
        return 1
    found = json.loads(told.stdout)
    for each in found["errors"]:
        print(_annotation(each))  # noqa: T201
    lines, is_right = [*_checked(found)], found["ok"]
    if found["ok"]:
        heading, difference, is_stale = (
            _committed(files, root, rules) if rules else _since(files, root, base)
        )
        lines += [heading, "", *_fenced(difference)]
        is_right = not is_stale
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write("\n".join(lines) + "\n")
    return 0 if is_right else 1


def _annotation(error: dict[str, Any]) -> str:
    """Return the line by which GitHub shows an error at its place; names may hold anything."""
    where = f"{error['path']}: " if error["path"] else ""
    places = ((name, error[name]) for name in ("file", "line") if error[name])
    properties = ",".join(f"{name}={_escaped(str(value), ',:')}" for name, value in places)
    return f"::error {properties}::{_escaped(where + error['reason'])}"


def _escaped(text: str, more: str = "") -> str:
    # As GitHub's own toolkit does.
    for each in f"%\r\n{more}":
        text = text.replace(each, f"%{ord(each):02X}")
    return text


def _checked(found: dict[str, Any]) -> Iterator[str]:
    yield from ("## SLOs", "", "| Service | SLO | Objective | Alerts |", "|---|---|---|---|")
    for service in found["services"]:
        for slo in service["slos"]:
            alerts = ", ".join(f"{each['name']} ({each['severity']})" for each in slo["alerts"])
            promise = f"{slo['objective_percent']} % in {slo['period_days']} days"
            yield f"| {service['service']} | {slo['name']} | {promise} | {alerts or 'none'} |"
    yield ""
    for each in found["errors"]:
        place = f"{each['file']}:{each['line']}" if each["line"] else each["file"]
        name = f"`{place}`: {each['path']} " if place else ""
        yield f"- **refused**: {name}{each['reason']}"
    yield from (f"- {note}" for service in found["services"] for note in service["notes"])
    yield ""


def _committed(files: Sequence[str], root: str, rules: str) -> tuple[str, str, bool]:
    done = _run(*_BURNRATE, "generate", "--check", "--root", root, "--output", rules, *files)
    if done.returncode == 0:
        return f"The rules in `{rules}` are as they should be.", "", False
    command = f"burnrate slo generate {' '.join(files)} --output {rules}"
    print(f"::error::rules are stale: {command}")  # noqa: T201 - an annotation of the job
    return f"The rules in `{rules}` are stale: `{command}`.", done.stdout or done.stderr, True


def _since(files: Sequence[str], root: str, base: str) -> tuple[str, str, bool]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        if not base or not _copied(base, folder / "base"):
            text = "Nothing to compare with: the commit before is not fetched (`fetch-depth: 0`)."
            return text, "", False
        for side, where in (("old", folder / "base"), ("new", Path())):
            made = folder / side
            made.mkdir()
            there = [each for each in files if (where / each).exists()]
            own = str(where / root)
            if there:
                paths = [str(where / each) for each in there]
                _run(*_BURNRATE, "generate", "--root", own, "--output", str(made), *paths)
        done = _run("diff", "--recursive", "--unified", "--new-file", "old", "new", cwd=folder)
    if not done.stdout:
        return "The rules are the same as before.", "", False
    return "The rules change:", done.stdout, False


def _copied(commit: str, folder: Path) -> bool:
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    done = _run("git", "archive", "--output", str(archive), commit)
    return (
        done.returncode == 0
        and not _run("tar", "--extract", "--file", str(archive), cwd=folder).returncode
    )


def _fenced(difference: str) -> Iterator[str]:
    if not difference:
        return
    shown = difference[:_MOST_CHARACTERS]
    cut = "\n(cut: it is longer)" if len(shown) < len(difference) else ""
    yield from ("~~~~diff", shown.rstrip("\n") + cut, "~~~~", "")


def _run(*command: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - a list, never a shell
        command, capture_output=True, text=True, check=False, cwd=cwd
    )


if __name__ == "__main__":
    sys.exit(main())
