"""Adds up the metrics of many worker processes, live and dead, through files in one folder.

`directory` is that folder and `activate` sets it, `Exposition` answers a scrape (of a single
process as well), `fold_dead` moves what dead workers counted into an archive, `keep_files`
makes anew what somebody has removed, `join_siblings` finds a folder where nobody has set one, and
`use_folder` takes the one that the environment names.
"""

from burnrate.telemetry.workers.archive import fold_dead
from burnrate.telemetry.workers.exposition import Exposition
from burnrate.telemetry.workers.multiprocess import (
    activate,
    directory,
    join_siblings,
    keep_files,
    use_folder,
)

__all__ = [
    "Exposition",
    "activate",
    "directory",
    "fold_dead",
    "join_siblings",
    "keep_files",
    "use_folder",
]
