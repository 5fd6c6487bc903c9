"""Text and files of a part, with the addresses and paths of this machine."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import yaml

from burnrate.stack.addresses import AddressMap, container_addresses
from burnrate.stack.errors import StackError
from burnrate.stack.render.paths import PathMap


@dataclass(frozen=True)
class Renderer:
    """Translates everything that belongs to one part.

    Attributes:
        absent: The parts, or single addresses of parts, that nobody can ask here.
    """

    part: str
    addresses: AddressMap
    paths: PathMap
    absent: Collection[str] = ()

    def text(self, text: str) -> str:
        """Translate an argument or a variable's value; raises StackError for a foreign path."""
        if unexplained := self.paths.unexplained(text):
            raise StackError(
                f"docker-compose.yml: {self.part}: nothing is mounted at {unexplained[0]}, which "
                f"{text!r} names: as a process it would be this machine's own"
            )
        # Addresses first: a path of this machine must come through as it is.
        return self.paths.translate(self.addresses.translate(text, self.part))

    def environment(self, variables: Mapping[str, str | None]) -> dict[str, str]:
        """Translate variables, leaving out those without a value; raises StackError as `text`."""
        given = {name: self.text(value) for name, value in variables.items() if value is not None}
        return with_split_addresses(given, self.addresses)

    def file(self, name: str, content: bytes) -> bytes:
        """Return a file's content, translated if it is text.

        Args:
            name: Its path below /etc/burnrate.
            content: As the checkout has it.

        Raises:
            StackError: it names a container's address that nothing on this machine has.
        """
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        if name == "prometheus.yml" and self.absent:
            text = without_targets(text, self.absent)
        text = self.addresses.translate_file(text, self.part)
        if left := container_addresses(text):
            raise StackError(
                f"{self.part}: {name}: {left[0]} is a container's address without one on this "
                "machine (burnrate/stack/addresses.py has the table)"
            )
        return self.paths.translate(text).encode()


def with_split_addresses(environment: Mapping[str, str], addresses: AddressMap) -> dict[str, str]:
    """Translate pairs like DATABASE_HOST and DATABASE_PORT, which name an address in two."""
    result = dict(environment)
    for name, value in environment.items():
        stem = name.removesuffix("_HOST")
        port = environment.get(f"{stem}_PORT")
        if stem == name or port is None or not port.isdigit():
            continue
        host, _, moved = addresses.translate(f"{value}:{port}", "").rpartition(":")
        result[name], result[f"{stem}_PORT"] = host, moved
    return result


def without_targets(text: str, absent: Collection[str]) -> str:
    """Return a Prometheus configuration without the scrape targets of `absent` parts.

    They cannot be up here, and an alert that a part is down must mean that it should be up.
    """
    document = yaml.safe_load(text)
    jobs = []
    for job in document.get("scrape_configs", []):
        groups = []
        for group in job.get("static_configs", []):
            kept = [t for t in group["targets"] if not {t, str(t).partition(":")[0]} & {*absent}]
            if kept:
                groups.append({**group, "targets": kept})
        if groups or "static_configs" not in job:
            jobs.append({**job, "static_configs": groups} if groups else job)
    return yaml.safe_dump({**document, "scrape_configs": jobs}, sort_keys=False)
