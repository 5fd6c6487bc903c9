"""Paths of a part's container, where they are on this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
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
    """Container path -> path on this machine, for what one part has mounted."""

    paths: Mapping[str, Path]

    def translate(self, text: str) -> str:
        """Return `text` with each mapped path, and what is below it, where it is here."""
        if not self.paths:
            return text
        # The longest first, so that what is mounted inside a mounted folder wins.
        longest_first = sorted(self.paths, key=len, reverse=True)
        mounted = "|".join(re.escape(target) for target in longest_first)
        return re.sub(rf"{_BEGIN}({mounted}){_END}", lambda match: str(self.paths[match[1]]), text)

    def unexplained(self, text: str) -> list[str]:
        """Return the absolute paths in `text` that are neither mounted nor the system's."""
        found = (match[0] for match in _ABSOLUTE_PATH.finditer(text))
        return [path for path in found if not self._explains(path)]

    def _explains(self, path: str) -> bool:
        above = {path.rstrip("/"), *map(str, PurePosixPath(path).parents)}
        return bool(above.intersection((*self.paths, *_SYSTEM_DIRECTORIES)))
