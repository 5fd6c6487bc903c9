"""Metric files as workers of the client library leave them."""

from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

# Above the highest pid Linux gives out (4,194,304), so never alive.
DEAD = 5_000_000


def write(
    folder: Path, kind: str, owner: object, values: dict[str, float], stamp: float = 0.0
) -> Path:
    """Add to a worker's values as the library does; return its file.

    Args:
        folder: Where the files of all workers are.
        kind: `counter`, `histogram`, or `gauge_` and the way it is merged.
        owner: The worker's pid.
        values: By the library's key.
        stamp: When they were set, in seconds since 1970: of gauges only.
    """
    path = folder / f"{kind}_{owner}.db"
    file = MmapedDict(str(path))  # type: ignore[no-untyped-call]
    for key, value in values.items():
        file.write_value(key, file.read_value(key)[0] + value, stamp)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]
    return path
