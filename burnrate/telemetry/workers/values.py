"""How one of many workers keeps a metric's value: a double in a file that the others can read.

The files are those of prometheus_client's multiprocess mode (see `metric_files`); the library's own
writer looks up the process id and the key at every increment, which costs as much as all else that
a request's metrics cost. Here a value knows its place, and forks are noticed when they happen.
"""

import gc
from collections.abc import Iterable, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.mmap_dict import mmap_key
from prometheus_client.samples import Exemplar

from burnrate.telemetry.workers.store import Store


def make_value_class(store: Store) -> type:
    """Return what `prometheus_client.values.ValueClass` must be for the files of `store`."""
    exemplars = store.exemplars

    class FileValue:
        """One series of this process."""

        _multiprocess = True

        def __init__(
            self,
            typ: str,
            metric_name: str,
            name: str,
            labelnames: Sequence[str],
            labelvalues: Sequence[str],
            help_text: str,
            multiprocess_mode: str = "",
            **_: object,
        ) -> None:
            self.kind = f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ
            self.key: str = mmap_key(
                metric_name, name, list(labelnames), list(labelvalues), help_text
            )
            store.add(self)

        def place(self, doubles: "memoryview[float]", index: int) -> None:
            """Take over the value at this place; another object of its key has the same."""
            self.doubles = doubles
            self.index = index

        def move(self, doubles: "memoryview[float]", index: int) -> None:
            """Bring the value and its time stamp to this place."""
            doubles[index] = self.doubles[self.index]
            doubles[index + 1] = self.doubles[self.index + 1]
            self.doubles = doubles
            self.index = index

        def inc(self, amount: float) -> None:
            """Add `amount`; an aligned double is written in one piece, so no reader sees half."""
            with store.lock:
                self.doubles[self.index] += amount

        def set(self, value: float, timestamp: float | None = None) -> None:
            """Replace the value, and say when it was set, in seconds since 1970."""
            with store.lock:
                self.doubles[self.index] = float(value)
                self.doubles[self.index + 1] = timestamp or 0.0

        @staticmethod
        def end_request(
            running: "FileValue", requests: "FileValue", bucket: "FileValue", total: "FileValue",
            seconds: float,
        ) -> None:  # fmt: skip
            """Count a request that is not running any more, under one lock."""
            with store.lock:
                running.doubles[running.index] -= 1.0
                requests.doubles[requests.index] += 1.0
                bucket.doubles[bucket.index] += 1.0
                total.doubles[total.index] += seconds

        def get(self) -> float:
            """Return this process's part."""
            return self.doubles[self.index]

        def set_exemplar(self, exemplar: Exemplar) -> None:
            """Keep the latest exemplar of this bucket."""
            exemplars.put(self.key, exemplar)

        def get_exemplar(self) -> None:
            """Return none: a scrape reads those of all workers from their files."""

    return FileValue


def take_over_values(the_library_s: type, ours: type) -> None:
    """Make values that the client library keeps in its own files some of ours, in place.

    Theirs are written through a mapping of space that is not reserved, and are found by nobody once
    their file is removed.

    Args:
        the_library_s: What `values.ValueClass` was until now.
        ours: From `make_value_class`, for files of the same names.
    """
    if not the_library_s.__module__.startswith("prometheus_client.") or not getattr(
        the_library_s, "_multiprocess", False
    ):
        return
    for each in gc.get_objects():
        if type(each) is the_library_s and all(hasattr(each, name) for name in _OF_A_VALUE):
            value: Any = each
            number, stamp = value._value, value._timestamp  # noqa: SLF001 - decision 12
            value.__class__ = ours
            value.__init__(*value._params)  # noqa: SLF001
            value.set(number, stamp)


def move_into_files(registry: CollectorRegistry) -> None:
    """Give metrics that were made before `values.ValueClass` was set a place in the files.

    Decision 12 names the private attributes; of a release that has renamed them the metrics stay
    in memory, and a scrape shows those of the process that answers it.

    Args:
        registry: Theirs. `Info` and `Enum` have no values that could be added up.
    """
    for metric in set(getattr(registry, "_names_to_collectors", {}).values()):
        for child in _with_children(metric):
            _move(child)


def is_in_files(registry: CollectorRegistry, name: str) -> bool:
    """Say whether the files have the place of a family, also while they are being made anew.

    Args:
        registry: Where it may be registered.
        name: The family's.
    """
    children = _with_children(getattr(registry, "_names_to_collectors", {}).get(name))
    found = (getattr(child, value, None) for child in children for value in ("_value", "_sum"))
    return any(getattr(value, "_multiprocess", False) for value in found)


def names_with_functions(registry: CollectorRegistry) -> list[str]:
    """Return the gauges whose values are functions, which no file holds: it shows 0 for them.

    Args:
        registry: Theirs.
    """
    return sorted(
        name
        for name, metric in getattr(registry, "_names_to_collectors", {}).items()
        if isinstance(metric, Gauge)
        and any("_child_samples" in vars(each) for each in _with_children(metric))
    )


def _with_children(metric: object) -> list[Any]:
    """Return a metric and those of its labels' values; nothing of another collector."""
    # Others have a `_metrics` of their own, such as a list.
    if not isinstance(metric, (Counter, Gauge, Histogram, Summary)):
        return []
    return [metric, *getattr(metric, "_metrics", {}).values()]


def _move(child: Any) -> None:  # noqa: ANN401 - each kind has other values
    before = {name: getattr(child, name) for name in _VALUES if hasattr(child, name)}
    if not before or not hasattr(child, "_metric_init") or _are_in_files(before.values()):
        return
    child._metric_init()  # noqa: SLF001 - makes its values anew
    for name, old in before.items():
        new = getattr(child, name)
        pairs = zip(old, new, strict=True) if isinstance(old, list) else [(old, new)]
        for one, other in pairs:
            other.inc(one.get())


def _are_in_files(values: Iterable[Any]) -> bool:
    flat = (each for value in values for each in (value if isinstance(value, list) else [value]))
    return any(getattr(each, "_multiprocess", False) for each in flat)


# What the client library's values in files know: how they were made, and what they hold.
_OF_A_VALUE: Final = ("_params", "_value", "_timestamp")
_VALUES: Final = ("_value", "_sum", "_count", "_buckets")
