"""A specification and its settings, joined into a `Service`; defaults are filled in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from burnrate.configuration import Configuration, is_own_machine
from burnrate.slo.engines import ENGINES
from burnrate.slo.errors import SpecError
from burnrate.slo.specification.checks import (
    check_identity,
    check_names,
    check_routes,
    threshold_seconds,
)
from burnrate.slo.specification.counting import Counting, check_plugins, counting
from burnrate.slo.specification.formats import Specification
from burnrate.slo.specification.grouping import GroupingProblem, groups
from burnrate.slo.specification.grouping import note as grouping_note
from burnrate.slo.specification.model import WINDOW, Service, Slo
from burnrate.slo.specification.overriding import overridden
from burnrate.slo.specification.routes import Routes, routes_of
from burnrate.slo.specification.settings import RatioSettings, ServiceSettings, SloSettings
from burnrate.slo.specification.sloth import Events, SloSpec
from burnrate.slo.specification.tiers import disabled, tiers_of
from burnrate.slo.windows import Severity

# Set by the generator: in a specification they would be overwritten silently.
_OURS: Final = frozenset({"service", "slo", "severity", "alertname", "role", "pool"})
# The dashboard that an alert's link opens.
_DASHBOARD: Final = "burnrate-overview"
_DAYS: Final = range(7, 91)
# Of an SLO without settings: nobody says which series its events count up.
_NO_SETTINGS: Final = RatioSettings(kind="ratio")


@dataclass(frozen=True)
class Joined:
    """What a service is made of.

    Attributes:
        beside: The settings' file, for errors; the settings may be the defaults.
        stem: The name of its files.
        has_own_severities: Whether a team's own severities are kept, which routes and inbox of the
            shipped stack do not know.
    """

    specification: Specification
    settings: ServiceSettings
    beside: Path
    configuration: Configuration
    stem: str
    has_own_severities: bool

    @property
    def file(self) -> Path:
        """The specification's."""
        return self.specification.document.file

    def service(self) -> Service:
        """Return the service.

        Raises:
            SpecError: specification and settings do not fit, or cannot be kept.
        """
        spec, configuration = self.specification.spec, self.configuration
        settings = overridden(self.specification, self.settings, self.beside)
        check_names(spec, self.file)
        check_plugins(spec.slo_plugins, self.file, "slo_plugins")
        unknown = sorted(self.settings.slos.keys() - {slo.name for slo in spec.slos})
        if unknown:
            reason = f"{self.file.name} has no SLO of this name"
            raise SpecError(self.beside, f"slos.{unknown[0]}", reason)
        identity = self._identity()
        for name in settings.labels:
            if name in {*identity, *_OURS}:
                raise SpecError(self.beside, f"labels.{name}", "is set by the generator")
        if identity["service"] in settings.depends_on:
            raise SpecError(self.beside, "depends_on", "names the service itself")
        dashboard = f"{configuration.dashboard_base}/{_DASHBOARD}"
        service = Service(
            identity=identity,
            stem=self.stem,
            job=settings.job,
            alert_labels=settings.labels,
            runbooks=settings.runbook_url.rstrip("/")
            if settings.runbook_url
            else self._elsewhere(configuration.runbook_base),
            dashboard=settings.dashboard_url or self._elsewhere(dashboard),
            slos=(),
            source=self.file.name,
            is_observed=settings.mode == "observe",
            depends_on=settings.depends_on,
            is_job_assumed=self._is_job_assumed(),
        )
        _check_labels(spec.labels, "labels", {*identity, *_OURS} - {"pool"}, self.file)
        slos, notes = [], [*self.specification.notes, *_missing_links(service)]
        for index, each in enumerate(spec.slos):
            own = settings.slos.get(each.name, _NO_SETTINGS)
            for one, its in self._groups(each, own, f"slos[{index}]"):
                slo, about = self._slo(service, one, its, f"slos[{index}]")
                slos.append(slo)
                notes += [f"{one.name}: {note}" for note in about]
            if own.grouping is not None:
                notes.append(f"{each.name}: {grouping_note(own.grouping)}")
        _check_one_name(slos, self.file)
        return replace(service, slos=tuple(slos), notes=tuple(notes))

    def _is_job_assumed(self) -> bool:
        return self.specification.is_job_assumed and not self.settings.job

    def _elsewhere(self, address: str) -> str:
        """Return an address that is not given by the team; none where it leads to nobody's pages.

        The stack's own pages are on the machine where it runs, and so are their readers by default.
        """
        is_ours = not self.has_own_severities
        return address if is_ours or not is_own_machine(address) else ""

    def _groups(
        self, slo: SloSpec, own: SloSettings, path: str
    ) -> list[tuple[SloSpec, SloSettings]]:
        if own.grouping is None:
            return [(slo, own)]
        place = path if self.specification.implied is not None else f"slos.{slo.name}.grouping"
        file = self.file if self.specification.implied is not None else self.beside
        if slo.sli.events is None:
            raise SpecError(file, place, "needs events, and not an error ratio")
        try:
            found = groups(slo, counting(slo, self.file, path).events, own)
        except GroupingProblem as problem:
            raise SpecError(file, place, f"grouping: {problem}") from problem
        return [(each.spec, each.settings) for each in found]

    def _identity(self) -> dict[str, str]:
        names = self.configuration.identity
        given = {**self.settings.identity, "service": self.specification.spec.service}
        if "service" in self.settings.identity:
            raise SpecError(self.beside, "identity.service", "comes from the specification")
        if missing := [name for name in names if name not in given]:
            reason = f"lacks {missing[0]}, which is in the identity of burnrate.yml"
            raise SpecError(self.beside, "identity", reason)
        if unknown := [name for name in given if name not in names]:
            reason = "is not in the identity of burnrate.yml"
            raise SpecError(self.beside, f"identity.{unknown[0]}", reason)
        return {name: given[name] for name in names}

    def _slo(
        self, service: Service, slo: SloSpec, own: SloSettings, path: str
    ) -> tuple[Slo, list[str]]:
        place, identity = (self.file, path), service.identity
        mode = own.mode or self.settings.mode
        check_plugins(slo.plugins, self.file, f"{path}.plugins")
        reserved = {*identity, *_OURS}
        _check_labels(slo.labels, f"{path}.labels", reserved - {"pool"}, self.file)
        for part, labels in _alert_labels(slo):
            _check_labels(labels, f"{path}.{part}", reserved - {"pool", "severity"}, self.file)
        counted = counting(slo, *place)
        check_identity(counted.asked, identity, *place)
        made = Slo(
            identity=identity,
            service_job=service.job,
            is_job_assumed=service.is_job_assumed,
            spec=slo,
            events=counted.events,
            settings=own,
            labels={**self.specification.spec.labels, **slo.labels, **identity, "slo": slo.name},
            alert_labels=service.alert_labels,
            period_days=self._period_days(slo, own, path),
            minimum_failures=(
                own.minimum_failures
                or self.settings.minimum_failures
                or self.configuration.minimum_failures
            ),
            tiers=(),
            threshold_seconds=threshold_seconds(counted.events, own, *place),
            routes=self._routes(counted, own, slo.name),
            low_budget=Fraction(str(self.configuration.low_budget)),
            runbooks=(own.runbook_url or service.runbooks).rstrip("/"),
            dashboard=own.dashboard_url or service.dashboard,
            counted=counted.counted,
            severities=dict(self._severities(slo, path)),
            disabled=disabled(slo, mode),
            engine=ENGINES[self.configuration.engine],
            formerly=self.settings.formerly,
            has_known_series=own is not _NO_SETTINGS or bool(own.good or own.bad),
        )
        check_routes(made, *place)
        tiers, left_out = tiers_of(made, self.configuration)
        observed = ["is observed: it has records and a budget, and no alert"]
        about = [*counted.notes, *(observed if mode == "observe" else left_out)]
        return replace(made, tiers=tiers), about

    def _routes(self, counted: Counting, own: SloSettings, name: str) -> Routes | None:
        if not isinstance(own, RatioSettings) or counted.counted != "rate":
            return None
        place = (self.beside, f"slos.{name}")
        filled = Events(**{field: WINDOW.sub("5m", query) for field, query in counted.events})
        found = routes_of(own, filled, *place)
        if own.by_route is not None:
            told = own.by_route
            asked = {"by_route.counted": told.counted, "by_route.failed": told.failed}
            check_identity(asked, self._identity(), *place)
        return found

    def _period_days(self, slo: SloSpec, own: SloSettings, path: str) -> int:
        said = self.specification.period_days.get(slo.name)
        set_ = own.period_days or self.settings.period_days
        if said is not None and set_ is not None and said != set_:
            reason = f"has a period of {said} days, and its settings say {set_}"
            raise SpecError(self.file, path, reason)
        days = said or set_ or self.configuration.period_days
        if days not in _DAYS:
            reason = f"has a period of {days} days: from {_DAYS[0]} to {_DAYS[-1]}"
            raise SpecError(self.file, path, reason)
        kept = self.configuration.retention_days
        if days > kept:
            reason = (
                f"has a period of {days} days, but Prometheus keeps {kept}"
                " (retention_days of burnrate.yml)"
            )
            raise SpecError(self.file, path, reason)
        return days

    def _severities(self, slo: SloSpec, path: str) -> Iterator[tuple[Severity, str]]:
        alerting = slo.alerting
        words: list[tuple[Severity, str, Mapping[str, str]]] = [
            ("page", "page_alert", alerting.page_alert.labels),
            ("ticket", "ticket_alert", alerting.ticket_alert.labels),
        ]
        for severity, part, labels in words:
            where = f"{part}.labels" if "severity" in labels else "labels"
            word = {**alerting.labels, **labels}.get("severity", severity)
            if word == severity:
                continue
            if not self.has_own_severities:
                reason = (
                    f"severity is {severity} here: routes and inbox go by page and ticket."
                    " Route by a label of another name"
                )
                raise SpecError(self.file, f"{path}.alerting.{where}.severity", reason)
            yield severity, word


def _check_one_name(slos: Sequence[Slo], file: Path) -> None:
    seen: set[str] = set()
    for each in slos:
        if each.name in seen:
            raise SpecError(file, "", f"there are two SLOs named {each.name!r}")
        seen.add(each.name)


def _alert_labels(slo: SloSpec) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "alerting.labels", slo.alerting.labels
    yield "alerting.page_alert.labels", slo.alerting.page_alert.labels
    yield "alerting.ticket_alert.labels", slo.alerting.ticket_alert.labels


def _check_labels(labels: Mapping[str, str], path: str, reserved: set[str], file: Path) -> None:
    for name in labels:
        if name in reserved:
            raise SpecError(file, f"{path}.{name}", "is set by the generator")


def _missing_links(service: Service) -> Iterator[str]:
    said = [
        ("runbook", "runbooks", service.runbooks),
        ("dashboard", "dashboards", service.dashboard),
    ]
    for what, key, address in said:
        if not address:
            yield (
                f"alerts link to no {what}: give {what}_url in the service's settings, or {key} in"
                " burnrate.yml"
            )
