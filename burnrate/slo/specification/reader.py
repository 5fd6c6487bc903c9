"""Reads specifications with their settings; anything wrong with them is a `SpecError`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from burnrate.configuration import Configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.specification.files import settings_file, specification_files
from burnrate.slo.specification.formats import Document, Specification, documents, parsed, read
from burnrate.slo.specification.joining import Joined
from burnrate.slo.specification.model import Service, file_part
from burnrate.slo.specification.settings import ServiceSettings


def load_all(folder: Path, configuration: Configuration) -> list[Service]:
    """Read every specification of the stack's folder, in the order of their names.

    Raises:
        SpecError: a file is wrong, or the files contradict each other.
    """
    services: dict[tuple[str, ...], Path] = {}
    loaded: list[Service] = []
    for file in specification_files(folder):
        for service in _services(file, configuration, has_own_severities=False):
            identity = tuple(service.identity.values())
            if identity in services:
                reason = f"{service.name!r} has a specification already: {services[identity]}"
                raise SpecError(file, "service", reason)
            services[identity] = file
            for other in loaded:
                # Alerts about causes tell services apart by their name alone.
                if other.name == service.name and other.alert_labels != service.alert_labels:
                    reason = f"{other.source} gives {other.name} other labels"
                    raise SpecError(settings_file(file), "labels", reason)
            loaded.append(service)
    return loaded


def load(file: Path, configuration: Configuration) -> Service:
    """Read one specification of one service, and its settings.

    Raises:
        SpecError: one of them is wrong.
    """
    services = _services(file, configuration, has_own_severities=False)
    if len(services) > 1:
        raise SpecError(file, "service", "more than one service is in this file")
    return services[0]


def load_files(paths: Sequence[Path], configuration: Configuration) -> list[Service]:
    """Read anyone's specifications, files or folders of them, into one service for each name.

    Severities of the team's own are kept.

    Raises:
        SpecError: a file is wrong, or two contradict each other.
    """
    found: list[Service] = []
    for path in paths:
        for file in specification_files(path):
            found += _services(file, configuration, has_own_severities=True)
    named = [
        replace(each, stem="-".join(file_part(value) for value in each.identity.values()))
        for each in found
    ]
    return _merged(named, lambda service: Path(service.source))


def _services(
    file: Path, configuration: Configuration, *, has_own_severities: bool
) -> list[Service]:
    found = read(file)
    if not found:
        raise SpecError(file, "", "holds no SLO")
    beside = settings_file(file)
    names = {each.spec.service for each in found}
    settings, document = ServiceSettings(version="burnrate/v1"), Document(beside, None)
    if beside.is_file():
        if len(found) > 1:
            reason = f"{file.name} has several documents: give the one with settings its own file"
            raise SpecError(beside, "", reason)
        document = _one_document(beside)
        settings = parsed(document, ServiceSettings)
    made = []
    for each in found:
        is_alone = len(names) == 1
        stem = file.stem if is_alone else f"{file.stem}-{file_part(each.spec.service)}"
        joined = Joined(each, settings, beside, configuration, stem, has_own_severities)
        with _located(each, document):
            made.append(joined.service())
    return _merged(made, lambda _: file)


@contextmanager
def _located(specification: Specification, settings: Document) -> Iterator[None]:
    try:
        with specification.located():
            yield
    except SpecError as error:
        if error.file != settings.file or error.line is not None or settings.content is None:
            raise
        raise settings.error(error.path, error.reason) from error


def _one_document(file: Path) -> Document:
    found = documents(file)
    if len(found) != 1:
        raise SpecError(file, "", "needs one document")
    return found[0]


def _merged(services: Sequence[Service], file: Callable[[Service], Path]) -> list[Service]:
    """Return the services with those of one identity joined: OpenSLO has a document an SLO."""
    merged: dict[tuple[str, ...], Service] = {}
    for each in services:
        identity = tuple(each.identity.values())
        if (other := merged.get(identity)) is None:
            merged[identity] = each
            continue
        names = {slo.stem: slo.name for slo in other.slos}
        for slo in each.slos:
            if (name := names.get(slo.stem)) is None:
                continue
            same = "" if name == slo.name else f", whose file of rules {slo.name!r} would have too"
            reason = f"{each.title} has an SLO named {name!r} already, of {other.source}{same}"
            raise SpecError(file(each), "", reason)
        if (other.job, other.alert_labels) != (each.job, each.alert_labels):
            raise SpecError(file(each), "", f"{other.source} gives {each.title} other settings")
        notes = tuple(dict.fromkeys([*other.notes, *each.notes]))
        merged[identity] = replace(other, slos=(*other.slos, *each.slos), notes=notes)
    return list(merged.values())
