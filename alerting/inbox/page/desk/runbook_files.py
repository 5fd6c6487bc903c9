"""The runbooks there are."""

from pathlib import Path


class RunbookFiles:
    """The Markdown files of one folder, by the names of their alerts."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is read at each request, so a new runbook needs no restart."""
        self._folder = folder

    def names(self) -> dict[str, Path]:
        """Return the runbooks' names and files: only a name from this list is ever opened."""
        try:
            return {path.stem: path for path in self._folder.glob("*.md") if path.is_file()}
        except OSError:
            return {}
