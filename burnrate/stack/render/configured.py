"""What the parts read, as burnrate.yml and this machine's settings say."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import yaml

from burnrate.configuration import Configuration, ConfigurationError, load_configuration
from burnrate.file_tree import files_below
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, configured
from burnrate.slo.specification import has_specifications, load_all
from burnrate.stack.compose import SECRETS, Service, of_team
from burnrate.stack.errors import StackError
from burnrate.stack.render.clients import with_client_limits
from burnrate.stack.render.door import door_files
from burnrate.stack.render.receivers import with_receivers

# The variable that says which secrets Alertmanager needs for them.
TEAM_RECEIVERS: Final = "TEAM_RECEIVERS"
_FRONT_DOOR = Path("nginx/nginx.conf")
T = TypeVar("T")
# A secret's file, or where its content is to stand.
_SECRET = re.compile(rf"(?:{SECRETS}/|\{{secret:)([\w.-]*\w)")
_CONTENT = re.compile(rb"\{secret:([\w.-]*\w)\}")


def read_configuration(checkout: Path, settings: Mapping[str, str]) -> Configuration:
    """Return a checkout's burnrate.yml with the user's settings in it.

    Raises:
        StackError: it cannot be read, or says something impossible.
    """
    try:
        return load_configuration(checkout, settings)
    except ConfigurationError as error:
        raise StackError(str(error)) from error


def variables_of(configuration: Configuration) -> dict[str, str]:
    """Return the variables by which docker-compose.yml passes a configuration on to the parts."""
    urls = configuration.urls
    return {
        "SERVICE_URL": urls.service,
        "INBOX_URL": urls.inbox,
        "GRAFANA_URL": urls.grafana,
        "PROMETHEUS_URL": urls.prometheus,
        "ALERTMANAGER_URL": urls.alertmanager,
        "IDENTITY_LABELS": ",".join(configuration.identity),
        "PROMETHEUS_RETENTION_DAYS": str(configuration.retention_days),
        TEAM_RECEIVERS: ",".join(
            of_team(kind, team)
            for team, chosen in configuration.teams.items()
            for kind in chosen.notify
        ),
    }


@dataclass(frozen=True)
class Sources:
    """A checkout's files as the parts get them.

    Attributes:
        configured: Rules, routes, nginx' limits and the door's names, as the settings have them, by
            their paths in the checkout.
    """

    checkout: Path
    configured: Mapping[Path, str]

    def files_of(
        self, service: Service, replacements: Mapping[str, str] | None = None
    ) -> dict[str, bytes]:
        """Return what a part reads, by the path below /etc/burnrate; text has Unix line ends.

        Args:
            service: The part's description.
            replacements: File of the checkout -> the one to take instead.

        Raises:
            StackError: a file does not exist, cannot be read or parsed, or names a secret that the
                part does not have.
        """
        found = {}
        for place, source in service.files.items():
            actual = (replacements or {}).get(source, source)
            for path in self._files(actual):
                below = path.relative_to(actual).as_posix()
                content = self._content(path)
                _check_syntax(path, content)
                _check_secrets(path, content, service)
                found[place if below == "." else f"{place}/{below}"] = content
        return found

    def _files(self, source: str) -> list[Path]:
        """Return the files at a path of the checkout, itself or below it, without hidden ones."""
        path = self.checkout / source
        if path.is_dir():
            below = (each.relative_to(self.checkout) for each in files_below(path))
            return [each for each in below if not _is_hidden(each) and self._is_file(each)]
        if path.is_file():
            return [Path(source)]
        raise StackError(f"docker-compose.yml: x-files: {path} does not exist")

    def _is_file(self, path: Path) -> bool:
        return (self.checkout / path).is_file()

    def _content(self, path: Path) -> bytes:
        if (text := self.configured.get(path)) is not None:
            return text.encode()
        try:
            content = (self.checkout / path).read_bytes()
        except OSError as error:
            raise StackError(f"{self.checkout / path}: {error.strerror}") from error
        return _with_unix_line_ends(content)


def read_sources(checkout: Path, settings: Mapping[str, str]) -> Sources:
    """Return a checkout's files with rules and routes as burnrate.yml and the settings say.

    Raises:
        StackError: burnrate.yml, a specification or a file of rules is wrong.
    """
    committed = read_configuration(checkout, {})
    actual = read_configuration(checkout, settings)
    tree = Tree(checkout)
    try:
        services = load_all(tree.specs, actual) if has_specifications(tree.specs) else []
        made = configured(tree, services, committed, actual)
    except SpecError as error:
        raise StackError(str(error)) from error
    routes = tree.alertmanager.relative_to(checkout)
    if routes in made:
        made[routes] = with_receivers(made[routes], settings, actual.urls.inbox, actual.teams)
    if (checkout / _FRONT_DOOR).is_file():
        front_door = (checkout / _FRONT_DOOR).read_text(encoding="utf-8")
        made[_FRONT_DOOR] = with_client_limits(front_door, settings)
    made |= door_files(actual.urls, settings)
    return Sources(checkout, made)


def with_secrets(files: Mapping[T, bytes], read: Callable[[str], str]) -> dict[T, bytes]:
    """Return files in which secrets stand whose program takes none from a file.

    Args:
        files: With `{secret:NAME}` where one is to stand.
        read: Returns a secret by its name.
    """
    return {
        path: _CONTENT.sub(lambda match: read(match[1].decode()).encode(), content)
        for path, content in files.items()
    }


def _check_syntax(path: Path, content: bytes) -> None:
    """Raise StackError for what no program would read; their own checks know more."""
    try:
        if parse := _PARSERS.get(path.suffix):
            parse(content)
    except (ValueError, yaml.YAMLError) as error:
        raise StackError(f"{path}: {' '.join(str(error).split())}") from error


def _parse_yaml(content: bytes) -> None:
    for _event in yaml.parse(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass


_PARSERS: Mapping[str, Callable[[bytes], object]] = {
    ".json": json.loads,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}


def _check_secrets(path: Path, content: bytes, service: Service) -> None:
    """Raise StackError for a secret that would not be there when it is needed."""
    for name in _SECRET.findall(content.decode("utf-8", errors="replace")):
        if name not in service.secrets:
            raise StackError(
                f"{path} names the secret {name}: add it to the part's x-secrets in "
                "docker-compose.yml"
            )


def _with_unix_line_ends(content: bytes) -> bytes:
    """Undo what an editor on Windows may have made of a text."""
    try:
        return content.decode("utf-8").replace("\r\n", "\n").encode()
    except UnicodeDecodeError:
        return content


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)
