"""What a bench worker can be told to do, over and over."""


class Subject:
    """Something whose cost is measured; `run` is measured, the other methods are not."""

    def prepare(self, count: int) -> None:
        """Set up what the next `run` of this count uses up."""

    def run(self, count: int) -> None:
        """Do what is measured, `count` times."""
        raise NotImplementedError

    def extra(self) -> dict[str, float]:
        """Return what the last `run` found out besides its cost."""
        return {}

    def close(self) -> None:
        """End what it has started, and delete its files."""
