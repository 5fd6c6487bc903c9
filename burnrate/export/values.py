"""The values of `--set`: all that an export puts in the place of what is shipped."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from burnrate.configuration import Base, Configuration, is_own_machine
from burnrate.export.errors import ExportError

# Of a resource that is found by its labels: label.release=monitoring.
_LABEL: Final = "label."
_Value = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_./:-]*[A-Za-z0-9])?$")]
# As settings of a service have it.
_Job = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?$")]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
_NAMED: Final = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"
_LabelName = Annotated[
    str, StringConstraints(pattern=rf"^([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAMED}")
]
_LabelValue = Annotated[str, StringConstraints(pattern=f"^{_NAMED}")]


def _elsewhere(url: str) -> str:
    if is_own_machine(url):
        raise ValueError("leads to the reader's own machine")
    return url


_Elsewhere = Annotated[Base, AfterValidator(_elsewhere)]


class Values(BaseModel):
    """What is set.

    Attributes:
        cluster: The label's value, which then belongs to the identity of the service.
        namespace: The same of the label `namespace`.
        job: The scrape job of the service's processes.
        alertmanager_job: The scrape job of Alertmanager.
        inbox: The inbox' address, as Alertmanager reaches it. Without one there is no inbox.
        inbox_page: Its address, as people reach it.
        grafana: Grafana's address, as people reach it.
        runbooks: Where runbooks are; by default the inbox' page has them.
        dashboards: Where dashboards are; by default Grafana has them.
        inbox_token_file: Where Alertmanager has the inbox' token.
        inbox_secret: The Kubernetes secret that holds it, under the key `token`.
        labels: What the Kubernetes resources carry besides, for selectors.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: _Value | None = None
    namespace: _Value | None = None
    job: _Job | None = None
    alertmanager_job: _Job = "alertmanager"
    inbox: _Elsewhere | None = None
    inbox_page: _Elsewhere | None = None
    grafana: _Elsewhere | None = None
    runbooks: _Elsewhere | None = None
    dashboards: _Elsewhere | None = None
    inbox_token_file: Annotated[str, StringConstraints(pattern=r"^/[^\s]+$")] = (
        "/etc/alertmanager/secrets/burnrate-inbox/token"  # noqa: S105 - a file's name
    )
    inbox_secret: _Name = "burnrate-inbox"  # noqa: S105 - a secret's name
    labels: Mapping[_LabelName, _LabelValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.inbox_page and not self.inbox:
            raise ValueError("inbox_page: needs inbox, the address for Alertmanager, as well")
        return self

    @property
    def identity(self) -> dict[str, str]:
        """The labels that name the service besides `service`, in the order in which they narrow."""
        both = {"cluster": self.cluster, "namespace": self.namespace}
        return {name: value for name, value in both.items() if value is not None}

    def configured(self, configuration: Configuration) -> Configuration:
        """Return a team's configuration with what is set in its place."""
        names = [*self.identity, *(n for n in configuration.identity if n not in self.identity)]
        urls = {"inbox": self.inbox_page or self.inbox, "grafana": self.grafana}
        given = {name: url for name, url in urls.items() if url is not None}
        return configuration.model_copy(
            update={
                "identity": tuple(names),
                "urls": configuration.urls.model_copy(update=given),
                "runbooks": self.runbooks or configuration.runbooks,
                "dashboards": self.dashboards or configuration.dashboards,
            }
        )


def parsed(given: Sequence[str]) -> Values:
    """Return the values of texts such as `cluster=blue,namespace=shop`.

    Raises:
        ExportError: a name is not known or given twice, or a value cannot be.
    """
    found: dict[str, str] = {}
    labels: dict[str, str] = {}
    for pair in (each.strip() for text in given for each in text.split(",")):
        name, sign, value = pair.partition("=")
        if not sign or not name or not value:
            raise ExportError(f"--set {pair or given[0]!r}: NAME=VALUE is needed")
        place, key = (
            (labels, name.removeprefix(_LABEL)) if name.startswith(_LABEL) else (found, name)
        )
        if key in place:
            raise ExportError(f"--set {name}: is given twice")
        place[key] = value
    known = [name for name in Values.model_fields if name != "labels"]
    if unknown := [name for name in found if name not in known]:
        names = ", ".join([*known, f"{_LABEL}NAME"])
        raise ExportError(f"--set {unknown[0]}: is not known; known are {names}")
    try:
        return Values.model_validate({**found, "labels": labels})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"] if part != "[key]") or "value"
        name = name.replace("labels.", _LABEL, 1)
        reason = first["msg"].removeprefix("Value error, ")
        raise ExportError(f"--set {name}: {reason}") from error
