"""All volumes of the stack, made ready for their parts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from burnrate.stack.addresses import AddressMap, instance_names
from burnrate.stack.compose import Compose, Service, load_compose
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout, container_layout
from burnrate.stack.protocol import Verb
from burnrate.stack.render import (
    TEAM_RECEIVERS,
    Sources,
    container_instance_files,
    read_configuration,
    read_sources,
    shown,
    variables_of,
    with_secrets,
)
from burnrate.stack.secrets import GENERATED, change_people, make_secrets, read_secret
from burnrate.stack.setup.image import is_image_of
from burnrate.stack.setup.takeover import take_over_data, take_over_secrets
from burnrate.stack.setup.volumes import (
    give_data_volume,
    owner_of,
    put_volume_back,
    stage_volume,
    take_volume,
    write_volume,
)


@dataclass(frozen=True)
class Setup:
    """What `docker compose up` runs before everything else.

    Attributes:
        checkout: Where the checkout is mounted, to read.
        volumes: Where each named volume is mounted, by its name.
        settings: The user's, with the addresses that docker-compose.yml gives the parts.
        say: Takes a line for people.
    """

    checkout: Path
    volumes: Path
    settings: Mapping[str, str]
    say: Callable[[str], None]

    def run(self) -> None:
        """Make secrets, write what changed, and give each volume to its part's user.

        Raises:
            StackError: something in the checkout is wrong; the volumes are as they were.
        """
        if not is_image_of(self.checkout):
            self.say("the image is not of this checkout's code: docker compose up --build")
        for part, files in self._render().items():
            service = self._compose.parts[part]
            secrets, owner = self._secrets_of(service), owner_of(part, service)
            if changed := write_volume(self._volume(part), files, secrets, owner):
                self.say(f"{part}: {shown(changed)}")
        for volume, service in self._compose.data_volumes.items():
            give_data_volume(self.volumes / volume, owner_of(volume, service))

    def stage(self, parts: Sequence[str]) -> dict[str, list[str]]:
        """Write candidates beside what is in use, and secrets in their place.

        Args:
            parts: Whose; none for all.

        Returns:
            The names of what changes, by part; raises StackError as `run` does.
        """
        return {
            part: stage_volume(
                self._volume(part),
                files,
                self._secrets_of(self._compose.parts[part]),
                owner_of(part, self._compose.parts[part]),
            )
            for part, files in self._render().items()
            if not parts or part in parts
        }

    def take(self, parts: Sequence[str]) -> None:
        """Put the candidates of `parts` in place."""
        for part in parts:
            take_volume(self._volume(part), owner_of(part, self._compose.parts[part]))

    def put_back(self, parts: Sequence[str]) -> None:
        """Undo `take`."""
        for part in parts:
            put_volume_back(self._volume(part), owner_of(part, self._compose.parts[part]))

    def change_people(self, verb: Verb, name: str) -> None:
        """Let somebody more come in at the door, or nobody of that name; `stage` passes it on."""
        change_people(self._secrets, verb, name)

    def _render(self) -> dict[str, dict[str, bytes]]:
        """Return the files of each part that reads any or has secrets, which are made."""
        self._check_addresses()
        sources = self._sources()
        reading = {n: s for n, s in self._compose.parts.items() if s.files or s.secrets}
        files = {part: sources.files_of(service) for part, service in reading.items()}
        self._make_secrets()
        read = partial(read_secret, self._secrets)
        return {part: with_secrets(found, read) for part, found in files.items()}

    def _sources(self) -> Sources:
        sources = read_sources(self.checkout, self.settings)
        names = instance_names(self.settings)
        project = self.settings.get("COMPOSE_PROJECT_NAME") or self._compose.name
        made = container_instance_files(self.checkout, sources.configured, names, project)
        return Sources(self.checkout, {**sources.configured, **made})

    @cached_property
    def _compose(self) -> Compose:
        # Compose cannot read burnrate.yml, so it has passed nothing on of a team's receivers.
        made = variables_of(read_configuration(self.checkout, self.settings))
        settings = {**self.settings, TEAM_RECEIVERS: made[TEAM_RECEIVERS]}
        return load_compose(self._layout.compose_file, settings)

    @property
    def _layout(self) -> Layout:
        return container_layout(self.checkout)

    @property
    def _secrets(self) -> Path:
        return self.volumes / "secrets"

    def _check_addresses(self) -> None:
        configuration = read_configuration(self.checkout, self.settings)
        for name, value in variables_of(configuration).items():
            if (given := self.settings.get(name, value)).rstrip("/") != value:
                raise StackError(
                    f"burnrate.yml says {value}, and docker-compose.yml gives the parts {given}: "
                    f"write {name}={value} into .env, or start with `make up`"
                )

    def _make_secrets(self) -> None:
        volumes = {
            self._layout.data_folder(volume): self.volumes / volume
            for volume in self._compose.data_volumes
        }
        take_over_data(self._layout, self._secrets, volumes, self.say)
        take_over_secrets(self._layout.secrets, self._secrets, self._compose.secrets)
        self._refuse_new_secrets_for_old_data(volumes.values())
        door = self.settings.get("INBOX_URL", "")
        make_secrets(self._secrets, self._compose.secrets, AddressMap(), door)

    def _refuse_new_secrets_for_old_data(self, volumes: Iterable[Path]) -> None:
        # PostgreSQL and Grafana learn their passwords at their first start alone.
        stored = sorted(volume.name for volume in volumes if any(volume.iterdir()))
        if stored and not any((self._secrets / name).exists() for name in GENERATED):
            raise StackError(
                f"the volume with the secrets is empty, and {stored[0]} was made with other ones: "
                "restore it from a backup, or start anew: docker compose down --volumes"
            )

    def _volume(self, part: str) -> Path:
        volume = self.volumes / f"{part}-config"
        if not volume.is_dir():
            raise StackError(f"docker-compose.yml: setup needs the volume {volume.name}")
        return volume

    def _secrets_of(self, service: Service) -> dict[str, bytes]:
        return {name: (self._secrets / name).read_bytes() for name in service.secrets}
