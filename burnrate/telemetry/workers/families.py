"""From the keys of metric files to the lines of an exposition."""

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from prometheus_client.utils import floatToGoString

from burnrate.telemetry.workers.exemplars import Latest, escape

Labels = tuple[tuple[str, str], ...]
# The same few values stand on thousands of lines.
_escape: Final = lru_cache(maxsize=4096)(escape)
# The slot of a line whose value is made from other lines.
_NO_SLOT: Final = -1


class Key(NamedTuple):
    """A metric file's key, parsed."""

    family: str
    sample: str
    labels: Labels
    help: str

    @classmethod
    def parse(cls, raw: bytes) -> "Key":
        """Read what `prometheus_client.mmap_dict.mmap_key` wrote."""
        return cls.parse_all([raw])[0]

    @classmethod
    def parse_all(cls, keys: list[bytes]) -> "list[Key]":
        """Read many at once, which costs half of reading one after the other."""
        parsed = json.loads(b"[" + b",".join(keys) + b"]")
        if len(parsed) != len(keys):
            raise ValueError("a key holds several")
        return [
            cls(family, sample, tuple(sorted(labels.items())), text)
            for family, sample, labels, text in parsed
        ]

    @property
    def start(self) -> str:
        """What stands before the value on this sample's line."""
        return line_start(self.sample, self.labels)


def line_start(sample: str, labels: Labels) -> str:
    """Return a line up to its value."""
    if not labels:
        return f"{sample} "
    inner = ",".join(f'{name}="{_escape(text)}"' for name, text in labels)
    return f"{sample}{{{inner}}} "


def head(family: str, kind: str, text: str) -> str:
    """Return the HELP and TYPE lines of a family."""
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family} {escaped}\n# TYPE {family} {kind}\n"


@dataclass(slots=True)
class _Series:
    """The slots of one label set: buckets with their bounds, and everything else."""

    buckets: list[tuple[float, int]] = field(default_factory=list)
    others: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Family:
    kind: str
    help: str
    series: dict[Labels, _Series] = field(default_factory=dict)

    def at(self, labels: Labels) -> _Series:
        """Return the series of a label set, made if it is new."""
        series = self.series.get(labels)
        if series is None:
            series = self.series[labels] = _Series()
        return series


class Layout:
    """The lines of all counters, summaries and histograms, less their values.

    Args:
        keys: The kind and key of every slot, in the order of the slots.
        damaged: Keys that are left out.

    Raises:
        Exception: A key is none of prometheus_client's.
    """

    def __init__(
        self, keys: list[tuple[str, bytes]], damaged: Container[bytes] = frozenset()
    ) -> None:
        self._raw = list(keys)
        self.size = len(keys)
        sound = [slot for slot, (_, raw) in enumerate(keys) if raw not in damaged]
        parsed = Key.parse_all([keys[slot][1] for slot in sound])
        self._keys = dict(zip(sound, parsed, strict=True))
        self._slots: list[int] = []
        self._text: list[str] = []
        self._openmetrics: list[str] = []
        # Where a histogram's buckets begin and end; the line after them is their count.
        self._buckets: list[tuple[int, int]] = []
        self._places: dict[bytes, int] = {}
        for name, family in sorted(self._families().items()):
            self._add_family(name, family)

    def render(self, totals: list[float], exemplars: dict[bytes, Latest] | None) -> str:
        """Return the lines of an exposition.

        Args:
            totals: The value of every slot, added up over all workers; buckets not cumulative yet.
            exemplars: By the key of their bucket; None for the text format, which has none.
        """
        values = [totals[slot] if slot != _NO_SLOT else 0.0 for slot in self._slots]
        for begin, end in self._buckets:
            values[begin:end] = accumulate(values[begin:end])
            values[end] = values[end - 1]
        starts = self._text if exemplars is None else self._openmetrics
        lines = [f"{start}{value!r}\n" for start, value in zip(starts, values, strict=True)]
        for key, latest in (exemplars or {}).items():
            place = self._places.get(key)
            if place is not None:
                lines[place] = f"{lines[place][:-1]} {_exemplar(latest)}\n"
        return "".join(lines)

    def _families(self) -> dict[str, _Family]:
        families: dict[str, _Family] = {}
        for slot, key in self._keys.items():
            family = families.get(key.family)
            if family is None:
                family = families[key.family] = _Family(self._raw[slot][0], key.help)
            if family.kind == "histogram" and key.sample.endswith("_bucket"):
                labels = tuple([each for each in key.labels if each[0] != "le"])
                bound = next(text for name, text in key.labels if name == "le")
                family.at(labels).buckets.append((float(bound), slot))
            else:
                family.at(key.labels).others.append(slot)
        return families

    def _add_family(self, name: str, family: _Family) -> None:
        first = len(self._slots)
        for labels, series in family.series.items():
            if series.buckets:
                self._add_buckets(name, labels, series)
            for slot in series.others:
                self._add_line(slot, self._keys[slot].start)
        suffix = "_total" if family.kind == "counter" else ""
        self._text[first] = head(name + suffix, family.kind, family.help) + self._text[first]
        self._openmetrics[first] = head(name, family.kind, family.help) + self._openmetrics[first]

    def _add_buckets(self, name: str, labels: Labels, series: _Series) -> None:
        begin = len(self._slots)
        for _, slot in sorted(series.buckets):
            self._places[self._raw[slot][1]] = len(self._slots)
            self._add_line(slot, self._keys[slot].start)
        self._buckets.append((begin, len(self._slots)))
        self._add_line(_NO_SLOT, line_start(f"{name}_count", labels))

    def _add_line(self, slot: int, start: str) -> None:
        self._slots.append(slot)
        self._text.append(start)
        self._openmetrics.append(start)


def render_gauges(entries: Iterable[tuple[str, str, Key, float, float]]) -> str:
    """Return the lines of all gauges, merged as their kinds say.

    Args:
        entries: Kind (`gauge_` and the way of merging), owner, key, value and time stamp of each.
    """
    families: dict[str, dict[str, float]] = {}
    stamps: dict[str, float] = {}
    for kind, owner, key, value, stamp in sorted(entries, key=lambda each: each[2].family):
        lines = families.setdefault(head(key.family, "gauge", key.help), {})
        mode = kind.removeprefix("gauge_").removeprefix("live")
        if mode == "all":
            labels = tuple(sorted((*key.labels, ("pid", owner))))
            lines[line_start(key.sample, labels)] = value
            continue
        start = key.start
        if mode == "sum":
            lines[start] = lines.get(start, 0.0) + value
        elif mode == "min":
            lines[start] = min(lines.get(start, value), value)
        elif mode == "max":
            lines[start] = max(lines.get(start, value), value)
        elif stamps.get(start, -1.0) < stamp:  # the most recent one
            lines[start], stamps[start] = value, stamp
    return "".join(
        first + "".join(f"{start}{floatToGoString(value)}\n" for start, value in lines.items())  # type: ignore[no-untyped-call]
        for first, lines in families.items()
    )


def _exemplar(latest: Latest) -> str:
    return f"# {{{latest.labels}}} {latest.value!r} {latest.timestamp!r}"
