"""Print what CHANGELOG.md says of the release that a tag names, or one line why there can be none.

`python .ci/release_notes.py v1.2.3`, with the standard library alone. The version stands in
pyproject.toml and nowhere else; the changelog's first section must be about it and have a date.
"""

import re
import sys
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_SECTION = re.compile(
    r"^## (?P<version>\S+) - (?P<date>.+)\n(?P<text>(?:(?!## ).*\n?)*)", re.MULTILINE
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class NotReleasable(Exception):
    """What has to be changed before this tag can be released."""


def notes(tag: str, root: Path) -> str:
    """Return the text of the changelog's section.

    Raises:
        NotReleasable: tag, version and changelog do not agree, or the section has no date.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = str(project["version"])
    if tag != f"v{version}":
        raise NotReleasable(f"the tag is {tag!r}, the version in pyproject.toml {version}")
    section = _SECTION.search((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if section is None or section["version"] != version:
        raise NotReleasable(f"CHANGELOG.md does not begin with a section for {version}")
    if not _DATE.fullmatch(section["date"]):
        raise NotReleasable(f"CHANGELOG.md calls {version} {section['date']}: give it a date")
    return section["text"].strip()


def _main() -> int:
    try:
        sys.stdout.write(notes(*sys.argv[1:], _ROOT) + "\n")
    except NotReleasable as reason:
        sys.stderr.write(f"release notes: {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
