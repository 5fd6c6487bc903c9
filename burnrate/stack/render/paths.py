"""Paths of a part's container, where they are on this machine."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

# Not inside a longer path or a URL; `file:///a` is the path /a.
_BEGIN = r"(?:(?<![\w./}\])~-])|(?<=file://))"
# A name that only begins alike is another name.
_END = r"(?![\w-]|\.\w)"
_ABSOLUTE_PATH = re.compile(rf"{_BEGIN}/[\w.@+-][\w.@+/-]*")
# What the system brings, in a container as here; everything else a part needs is mounted.
_SYSTEM_DIRECTORIES = ("/bin", "/dev", "/etc/ssl", "/lib", "/proc", "/sbin", "/sys", "/usr")


@dataclass(frozen=True)
class PathMap:
    """Container path -> path on this machine, for one part.

    Attributes:
        paths: What is mounted.
        folders: What holds mounted files and is not mounted itself, such as /etc/alloy.d. They are
            mapped only where one is named as a whole: what else the image has in it is not here.
    """

    paths: Mapping[str, Path]
    folders: Mapping[str, Path] = field(default_factory=dict)

    def translate(self, text: str) -> str:
        """Return `text` with each mapped path, and what is below it, where it is here."""
        places = {**self.folders, **self.paths}
        if not places:
            return text
        mounted, folders = _alternatives(self.paths), _alternatives(self.folders)
        expression = rf"{_BEGIN}(?:({mounted}){_END}|({folders}){_END}(?!/[\w.]))"
        return re.sub(expression, lambda match: str(places[match[1] or match[2]]), text)

    def unexplained(self, text: str) -> list[str]:
        """Return the absolute paths in `text` that are neither mounted nor the system's."""
        found = (match[0] for match in _ABSOLUTE_PATH.finditer(text))
        return [path for path in found if not self._explains(path)]

    def _explains(self, path: str) -> bool:
        above = {path.rstrip("/"), *map(str, PurePosixPath(path).parents)}
        known = above.intersection((*self.paths, *_SYSTEM_DIRECTORIES))
        return bool(known) or path.rstrip("/") in self.folders


def _alternatives(targets: Collection[str]) -> str:
    # The longest first, so that a file mounted inside a mounted directory wins.
    longest_first = sorted(targets, key=len, reverse=True)
    return "|".join(re.escape(target) for target in longest_first) or "(?!)"
