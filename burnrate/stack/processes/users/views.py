"""What a part's user sees of folders that are root's alone: what it needs, and nothing else.

Root's checkout, or its Python, is often below its home folder, into which no other user gets. In a
mount namespace of its own a part finds an empty folder there, with these trees in it, read-only, as
systemd does it (ProtectHome=tmpfs, BindReadOnlyPaths).
"""

import shlex
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TMPFS: Final = "mount -t tmpfs -o nosuid,nodev,mode=0755,size=1m tmpfs"


@dataclass(frozen=True)
class View:
    """Trees in closed folders.

    Attributes:
        hidden: Each closed folder, with the trees in it that are shown.
        scratch: A folder of root's to put them in for a moment.
    """

    hidden: tuple[tuple[Path, tuple[Path, ...]], ...] = ()
    scratch: Path = Path()

    @classmethod
    def of(cls, trees: Iterable[Path], scratch: Path) -> "View":
        """Return the view in which every user can walk to `trees`."""
        hidden: dict[Path, list[Path]] = {}
        for tree in sorted(set(trees)):
            closed = _closed_folder(tree)
            shown = hidden.setdefault(closed, []) if closed else []
            if not any(tree.is_relative_to(other) for other in shown):
                shown.append(tree)
        found = tuple((closed, tuple(shown)) for closed, shown in hidden.items())
        return cls(found, scratch)

    def prepare(self) -> None:
        """Make the scratch folder, if one is needed."""
        if self.hidden:
            self.scratch.mkdir(parents=True, exist_ok=True)

    def command(self, directory: Path) -> tuple[str, ...]:
        """Return what root puts before a command, to have it run in `directory` with this view."""
        if not self.hidden:
            return ()
        lines = [line for closed, shown in self.hidden for line in self._show(closed, shown)]
        # Where it was is in the folder that is hidden now.
        script = "\n".join([*lines, f"cd {shlex.quote(str(directory))}", 'exec "$@"'])
        return ("unshare", "--mount", "--", "/bin/sh", "-ec", script, "sh")

    def _show(self, closed: Path, shown: Sequence[Path]) -> Iterator[str]:
        # The mount point itself is in this namespace alone, so that any name will do.
        where, hole = shlex.quote(str(self.scratch)), shlex.quote(str(closed))
        yield f"mount -t tmpfs -o mode=0700,size=1m tmpfs {where}"
        names = [shlex.quote(str(self.scratch / str(index))) for index in range(len(shown))]
        for name, tree in zip(names, shown, strict=True):
            yield f"mkdir {name}"
            yield f"mount --bind {shlex.quote(str(tree))} {name}"
        yield f"{_TMPFS} {hole}"
        for name, tree in zip(names, shown, strict=True):
            place = shlex.quote(str(tree))
            yield f"mkdir -p {place}"
            yield f"mount --move {name} {place}"
            yield f"mount -o remount,bind,ro {place}"
        yield f"mount -o remount,ro {hole}"
        yield f"umount {where}"


def _closed_folder(tree: Path) -> Path | None:
    """Return the uppermost folder above `tree` that only its owner may walk through."""
    above = reversed(tree.parents)
    return next((p for p in above if p.is_dir() and not p.stat().st_mode & stat.S_IXOTH), None)
