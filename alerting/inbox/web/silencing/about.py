"""What a silence is for: an incident or an alert, and the labels to choose from."""

from collections.abc import Sequence

from alerting.inbox.page import SilenceForm, alert_title, choices_of_alert, choices_of_incident
from alerting.inbox.store import Store


class About:
    """Finds it in the store."""

    def __init__(self, store: Store, identity: Sequence[str]) -> None:
        """Take where it is, and the labels that together name a service."""
        self._store = store
        self._identity = tuple(identity)

    async def find(
        self, incident_id: int | None, alert_id: int | None, chosen: Sequence[str] | None
    ) -> SilenceForm | None:
        """Return a form for it; None if there is no such thing.

        Args:
            incident_id: An incident's, which wins.
            alert_id: An alert's.
            chosen: `name=value` of each label that was chosen; None for what is usual.

        Raises:
            StoreUnavailableError: nothing can be found.
        """
        if incident_id is not None:
            return await self._incident(incident_id, chosen)
        return None if alert_id is None else await self._alert(alert_id, chosen)

    async def _incident(self, incident_id: int, chosen: Sequence[str] | None) -> SilenceForm | None:
        record = await self._store.get_incident(incident_id, 0)
        if record is None:
            return None
        return SilenceForm(
            about=record.incident.title,
            back=f"/incidents/{incident_id}",
            hidden=("incident", str(incident_id)),
            choices=choices_of_incident(record.incident, record.episodes, chosen),
        )

    async def _alert(self, alert_id: int, chosen: Sequence[str] | None) -> SilenceForm | None:
        found = await self._store.get(alert_id)
        if found is None:
            return None
        episode, _ = found
        return SilenceForm(
            about=alert_title(episode, self._identity),
            back=f"/episodes/{alert_id}",
            hidden=("alert", str(alert_id)),
            choices=choices_of_alert(episode, self._identity, chosen),
        )
