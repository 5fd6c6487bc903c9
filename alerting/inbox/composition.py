"""The inbox's parts, made once and given to each other."""

import httpx2
from prometheus_client import CollectorRegistry

from alerting.inbox.changes import Changes
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.page.links import Links
from alerting.inbox.page.view import Viewer
from alerting.inbox.settings import Settings
from alerting.inbox.store.store import Store
from alerting.inbox.watch.alertmanager import AlertmanagerClient
from alerting.inbox.watch.background import Work
from alerting.inbox.watch.fallback import Fallback
from alerting.inbox.watch.periodic import DeadMansSwitch, Reconciliation, Retention
from alerting.inbox.watch.slos import SloReader
from alerting.inbox.watch.watchdog import Watchdog
from alerting.inbox.web.actions import Acts
from alerting.inbox.web.alerts import Alerts
from alerting.inbox.web.pages import Pages
from alerting.inbox.web.routes import Answerers, Health
from alerting.inbox.web.runbooks import Runbooks
from alerting.inbox.web.same_origin import SameOrigin
from alerting.inbox.web.stream import Stream
from alerting.inbox.web.tokens import Tokens
from alerting.inbox.web.webhook import Webhook
from burnrate.telemetry import Telemetry

# A server that does not answer within this is as good as dead to whoever waits for the answer.
_ASK_SECONDS = 5.0
_RETENTION_SECONDS = 3600.0
# Thirty looks in the time that the watchdog may be silent, and no more than one each 5 s.
_LOOKS_PER_LATENESS = 30
_SLOWEST_LOOK_SECONDS = 5.0


class Parts:
    """Everything that answers and everything that works by itself."""

    def __init__(self, settings: Settings, tokens: Tokens, registry: CollectorRegistry) -> None:
        """Make them; nothing is opened or asked yet.

        Raises:
            SystemExit: the fallback's address cannot be read.
        """
        self._settings = settings
        # No proxy and no credentials from the environment: these are the stack's own parts.
        self._client = httpx2.AsyncClient(
            timeout=_ASK_SECONDS, follow_redirects=False, trust_env=False
        )
        self.store = Store(settings.database_path, settings.store_timeout_seconds)
        self.metrics = InboxMetrics(registry)
        self.changes = Changes()
        self.watchdog = Watchdog(settings.watchdog_late_seconds)
        self._switch = self._make_switch(settings.fallback_address())
        self._slos = SloReader(settings.prometheus_url, self._client, settings.identity)
        self._reconciliation = self._make_reconciliation(settings.alertmanager_url)
        self.answerers = self._make_answerers(tokens)

    def works(self, telemetry: Telemetry) -> list[tuple[float, Work]]:
        """What is to be done again and again, and how many seconds apart."""
        settings = self._settings
        late_seconds = settings.watchdog_late_seconds
        look_seconds = min(_SLOWEST_LOOK_SECONDS, late_seconds / _LOOKS_PER_LATENESS or 5.0)
        works: list[tuple[float, Work]] = [
            (look_seconds, telemetry.background("watchdog", self._switch)),
            (
                _RETENTION_SECONDS,
                telemetry.background("retention", Retention(settings, self.store)),
            ),
        ]
        if self._reconciliation is not None:
            reconcile = telemetry.background("reconciliation", self._reconciliation)
            works.append((settings.reconcile_seconds, reconcile))
        return works

    async def close(self) -> None:
        """Let go of files and connections."""
        await self._client.aclose()
        await self.store.close()

    def _make_switch(self, fallback_address: str | None) -> DeadMansSwitch:
        fallback = Fallback(fallback_address, self._client) if fallback_address else None
        return DeadMansSwitch(self.watchdog, fallback, self.changes, self.metrics)

    def _make_reconciliation(self, url: str | None) -> Reconciliation | None:
        if url is None:
            return None
        alertmanager = AlertmanagerClient(url, self._client)
        return Reconciliation(
            self._settings, alertmanager, self.store, self.watchdog, self.changes, self.metrics
        )

    def _hurry(self) -> None:
        if self._reconciliation is not None:
            self._reconciliation.hurry()

    def _make_answerers(self, tokens: Tokens) -> Answerers:
        settings, store, changes = self._settings, self.store, self.changes
        runbooks = Runbooks(settings.runbooks_path)
        links = Links(runbooks, settings.grafana_url)
        viewer = Viewer(store, self._slos, self.watchdog, self._reconciliation)
        return Answerers(
            webhook=Webhook(
                settings, tokens, store, self.metrics, self.watchdog, changes, self._hurry
            ),
            alerts=Alerts(store, links),
            acts=Acts(store, changes, SameOrigin(settings.allowed_hosts)),
            stream=Stream(store, changes, self.metrics),
            runbooks=runbooks,
            pages=Pages(viewer, store, links),
            health=Health(store),
        )
