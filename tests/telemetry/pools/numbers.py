"""Reads one pool's series."""

from prometheus_client import CollectorRegistry


class Numbers:
    """What a registry says of one pool."""

    def __init__(self, registry: CollectorRegistry, pool: str) -> None:
        self._registry = registry
        self._pool = pool

    def value(self, name: str, **labels: str) -> float:
        found = self._registry.get_sample_value(name, {"pool": self._pool, **labels})
        assert found is not None
        return found

    @property
    def used(self) -> float:
        return self.value("pool_connections", state="used")

    @property
    def pending(self) -> float:
        return self.value("pool_pending_requests")

    @property
    def outcomes(self) -> dict[str, float]:
        names = ("ok", "timeout", "full", "error")
        return {each: self.value("pool_acquire_total", outcome=each) for each in names}
