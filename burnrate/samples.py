"""Metrics read back from the text that a process exposes."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Samples:
    """The samples of one exposition."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._samples = [sample for family in families for sample in family.samples]

    @classmethod
    def read(cls, text: str) -> "Samples":
        """Return the samples in Prometheus' text format.

        Raises:
            ValueError: it is another format.
        """
        try:
            return cls(text_string_to_metric_families(text))
        except ValueError as error:
            raise ValueError(f"no metrics: {error}") from error

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self._samples

    def of(self, name: str, **labels: str) -> Iterator[Sample]:
        """Yield the samples of a series name that have these labels, among others."""
        wanted = labels.items()
        return (
            sample
            for sample in self._samples
            if sample.name == name and wanted <= sample.labels.items()
        )

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of those samples; 0 where there are none."""
        return float(sum(sample.value for sample in self.of(name, **labels)))
