"""The one way in which a test reads what a process exposes."""

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_samples(text: str) -> Samples:
    """Return the values of an exposition in Prometheus' text format, by name and labels.

    Raises:
        ValueError: It is not in that format.
    """
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
