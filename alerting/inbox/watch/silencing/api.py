"""Asks Alertmanager what it holds back, and asks it to.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import httpx2
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.watch.silencing.silences import ListedAlert, Matcher, NewSilence, Silence


class _Matcher(BaseModel):
    name: str
    value: str
    is_regex: bool = Field(alias="isRegex")
    is_equal: bool = Field(alias="isEqual", default=True)


class _State(BaseModel):
    state: str


class _Silence(BaseModel):
    id: str
    matchers: list[_Matcher]
    starts_at: AwareDatetime = Field(alias="startsAt")
    ends_at: AwareDatetime = Field(alias="endsAt")
    created_by: str = Field(alias="createdBy", default="")
    comment: str = ""
    status: _State

    def silence(self) -> Silence:
        return Silence(
            id=self.id,
            matchers=tuple(Matcher(**matcher.model_dump()) for matcher in self.matchers),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            author=self.created_by,
            comment=self.comment,
            is_active=self.status.state == "active",
        )


class AlertStatus(BaseModel):
    """What the list says of an alert's state."""

    silenced_by: list[str] = Field(alias="silencedBy", default=[])
    inhibited_by: list[str] = Field(alias="inhibitedBy", default=[])


class AlertEntry(BaseModel):
    """An alert of the list."""

    fingerprint: str
    labels: dict[str, str]
    status: AlertStatus

    def listed(self) -> ListedAlert:
        """Return what holds it back."""
        return ListedAlert(
            fingerprint=self.fingerprint,
            labels=self.labels,
            silenced_by=tuple(self.status.silenced_by),
            inhibited_by=tuple(self.status.inhibited_by),
        )


class _Made(BaseModel):
    silence_id: str = Field(alias="silenceID")


_SILENCES: Final = TypeAdapter(list[_Silence])
_ALERTS: Final = TypeAdapter(list[AlertEntry])
_OVER: Final = "expired"
_T = TypeVar("_T")


class SilencingClient:
    """One Alertmanager's silences."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        """Take its address, without a last slash, and a client to ask with."""
        self._url = f"{url}/api/v2"
        self._client = client

    async def silences(self) -> list[Silence]:
        """Return those that are not over, the one that ends first first.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that.
        """
        found = await self._ask(_SILENCES.validate_json, "GET", "/silences")
        current = [each.silence() for each in found if each.status.state != _OVER]
        return sorted(current, key=lambda silence: silence.ends_at)

    async def alerts(self, matchers: Sequence[Matcher] = ()) -> list[ListedAlert]:
        """Return what fires and has these labels, by Alertmanager's own judgement.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that.
        """
        filters = {"filter": [each.text for each in matchers]}
        found = await self._ask(_ALERTS.validate_json, "GET", "/alerts", params=filters)
        return [alert.listed() for alert in found]

    async def create(self, silence: NewSilence) -> str:
        """Make a silence and return its id.

        Raises:
            UpstreamUnavailableError: it does not answer, or refuses.
        """
        content = {
            "matchers": [
                {
                    "name": matcher.name,
                    "value": matcher.value,
                    "isRegex": matcher.is_regex,
                    "isEqual": matcher.is_equal,
                }
                for matcher in silence.matchers
            ],
            "startsAt": silence.starts_at.isoformat(),
            "endsAt": silence.ends_at.isoformat(),
            "createdBy": silence.author,
            "comment": silence.comment,
        }
        made = await self._ask(_Made.model_validate_json, "POST", "/silences", json=content)
        return made.silence_id

    async def end(self, silence_id: str) -> bool:
        """End a silence; False if there is none of that id, or it is over.

        Raises:
            UpstreamUnavailableError: it does not answer.
        """
        if all(silence.id != silence_id for silence in await self.silences()):
            return False
        await self._ask(bytes, "DELETE", f"/silence/{silence_id}")
        return True

    async def _ask(
        self,
        read: Callable[[bytes], _T],
        method: str,
        path: str,
        **options: Any,  # noqa: ANN401 - httpx's
    ) -> _T:
        try:
            answer = await self._client.request(method, f"{self._url}{path}", **options)
            return read(answer.raise_for_status().content)
        except (httpx2.HTTPError, ValidationError) as error:
            raise UpstreamUnavailableError(f"Alertmanager: {type(error).__name__}") from error
