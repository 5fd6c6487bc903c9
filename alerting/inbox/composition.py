"""Makes the parts of the inbox and connects them."""

from datetime import timedelta

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.clients import part_client, prometheus_client
from alerting.inbox.machine_login import MachineLogin
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.page import Links, OverviewReader, RunbookFiles
from alerting.inbox.settings import Settings
from alerting.inbox.store import GracePeriods, Store
from alerting.inbox.watch import (
    AlertmanagerClient,
    AlertmanagerPoller,
    AlertPath,
    ChartReader,
    DeadMansSwitch,
    DeliveryEffects,
    EndedWhileMuted,
    FailedNotifications,
    Fallback,
    FiringRules,
    GrafanaProbe,
    Heartbeat,
    Job,
    MutingWatch,
    PollTiming,
    PrometheusClient,
    ReceiverWatch,
    RetentionJob,
    SilencingClient,
    SloReader,
    Watchdog,
)
from alerting.inbox.web import (
    About,
    Actions,
    Alerts,
    BodyLimits,
    Charts,
    Desk,
    Endpoints,
    Glance,
    Health,
    History,
    Incidents,
    Pages,
    Path,
    Runbooks,
    Silences,
    Slos,
    Stream,
    Tokens,
    Webhook,
)
from burnrate.telemetry import Telemetry

_RETENTION_SECONDS = 3600.0
# Reading the whole file costs a second or so for 200 MB.
_CHECK_SECONDS = 3600.0
# Recorded every 15 s, the budget less often: reading more often returns the same.
SLOS_SECONDS = 15.0
# As long as somebody who has sent a test page waits for what became of it.
_RECEIVERS_SECONDS = 10.0
_GRAFANA_SECONDS = 30.0
# Rules are evaluated each 15 s: what Prometheus says changes no more often.
_RULES_SECONDS = 15.0
# Thirty checks in the time that the watchdog may be silent, and at least one each 5 s.
_CHECKS_PER_LATENESS = 30
_SLOWEST_CHECK_SECONDS = 5.0


class Composition:
    """Everything that answers and everything that runs by itself.

    Attributes:
        store: What is kept.
        metrics: What the inbox says of itself.
        changes: Wakes those who follow the changes.
        endpoints: What answers requests.
    """

    def __init__(
        self, settings: Settings, tokens: Tokens, login: MachineLogin | None, metrics: InboxMetrics
    ) -> None:
        """Make them; nothing is opened or asked yet.

        Raises:
            SystemExit: the fallback's address cannot be read.
        """
        self._settings = settings
        # No proxy and no credentials from the environment: these are the stack's own parts.
        self._client = part_client()
        # Of those alone that ask for the login.
        self._locked_client = part_client(login)
        self._prometheus_client = prometheus_client(settings, login)
        self.store = Store(
            settings.database_path, settings.store_timeout_seconds, settings.identity
        )
        self.metrics = metrics
        self.metrics.show_losses(lambda: len(self.store.losses().set_aside))
        self.changes = ChangeSignal()
        self._watchdog = Watchdog(settings.watchdog_late_seconds)
        self._switch = self._make_switch(settings.fallback_address())
        self._alertmanager = self._make_alertmanager(settings.alertmanager_url)
        self._receivers = ReceiverWatch(self._alertmanager) if self._alertmanager else None
        self._silencing = self._make_silencing(settings.alertmanager_url)
        self._muting = MutingWatch(self._silencing, self.changes.notify)
        self._poller = self._make_poller()
        self._heartbeat = self._make_heartbeat(settings.heartbeat_address())
        self._prometheus = self._make_prometheus(settings.prometheus_url)
        self._grafana = self._make_grafana(settings.grafana_internal_url)
        self._slos = SloReader(self._prometheus, settings.identity, self.changes.notify)
        self.endpoints = self._make_endpoints(tokens)

    def jobs(self, telemetry: Telemetry) -> list[tuple[float, Job]]:
        """Return the periodic jobs, measured, each with the seconds between two runs."""
        settings = self._settings
        often_seconds = settings.watchdog_late_seconds / _CHECKS_PER_LATENESS
        check_seconds = min(_SLOWEST_CHECK_SECONDS, often_seconds or _SLOWEST_CHECK_SECONDS)
        retention = RetentionJob(self.store, settings.retention_days)
        jobs: list[tuple[float, Job]] = [
            (check_seconds, telemetry.background("watchdog", self._switch)),
            (_RETENTION_SECONDS, telemetry.background("retention", retention)),
            (_CHECK_SECONDS, telemetry.background("store_check", self._check)),
        ]
        if self._prometheus is not None:
            jobs.append((SLOS_SECONDS, telemetry.background("slos", self._slos)))
        if self._poller is not None:
            poll = telemetry.background("reconciliation", self._poller)
            jobs.append((settings.reconcile_seconds, poll))
        if self._grafana is not None:
            jobs.append((_GRAFANA_SECONDS, telemetry.background("grafana", self._grafana)))
        if self._receivers is not None:
            jobs.append((_RECEIVERS_SECONDS, telemetry.background("receivers", self._receivers)))
        if (ended := self._make_ended()) is not None:
            jobs.append((_RULES_SECONDS, telemetry.background("ended_while_muted", ended)))
        if self._heartbeat is not None:
            beat = telemetry.background("heartbeat", self._heartbeat)
            jobs.append((settings.heartbeat_seconds, beat))
        return jobs

    async def close(self) -> None:
        """Close files and connections."""
        await self._client.aclose()
        await self._locked_client.aclose()
        await self._prometheus_client.aclose()
        await self.store.close()

    def _make_switch(self, fallback_address: str | None) -> DeadMansSwitch:
        fallback = Fallback(fallback_address, self._client) if fallback_address else None
        return DeadMansSwitch(self._watchdog, fallback, self.changes, self.metrics)

    def _make_alertmanager(self, url: str | None) -> AlertmanagerClient | None:
        return None if url is None else AlertmanagerClient(url, self._locked_client)

    def _make_prometheus(self, url: str | None) -> PrometheusClient | None:
        return None if url is None else PrometheusClient(url, self._prometheus_client)

    def _make_silencing(self, url: str | None) -> SilencingClient | None:
        return None if url is None else SilencingClient(url, self._locked_client)

    def _make_ended(self) -> EndedWhileMuted | None:
        url = self._settings.prometheus_url
        if url is None or self._silencing is None:
            return None
        rules = FiringRules(url, self._prometheus_client)
        settled_after = timedelta(seconds=self._settings.settled_after_seconds)
        return EndedWhileMuted(self._muting, rules, self.store, self.changes, settled_after)

    def _make_heartbeat(self, address: str | None) -> Heartbeat | None:
        if address is None:
            return None
        path = AlertPath(
            self._watchdog,
            self.store,
            self._alertmanager,
            FailedNotifications(),
            needs_watchdog=self._settings.watchdog_late_seconds > 0,
        )
        return Heartbeat(address, path, self._client, self.metrics)

    def _make_poller(self) -> AlertmanagerPoller | None:
        if self._alertmanager is None:
            return None
        return AlertmanagerPoller(
            self._alertmanager,
            self.store,
            self._watchdog,
            self._muting,
            self.changes,
            self.metrics,
            _poll_timing(self._settings),
        )

    def _make_endpoints(self, tokens: Tokens) -> Endpoints:
        settings, store, changes = self._settings, self.store, self.changes
        files = RunbookFiles(settings.runbooks_path)
        links = Links(
            files.names,
            settings.grafana_url,
            settings.identity,
            logs_source_uid=settings.logs_source_uid,
            has_grafana=self._has_grafana,
        )
        overviews = OverviewReader(
            store,
            self._slos,
            self._watchdog,
            self._poller,
            self._muting,
            is_silence_meant=settings.notify == "nobody",
            has_heartbeat=self._heartbeat is not None,
        )
        return Endpoints(
            webhook=self._make_webhook(tokens),
            alerts=Alerts(store, links),
            actions=Actions(store, changes),
            incidents=Incidents(store, changes),
            silences=Silences(
                self._silencing,
                self._muting,
                About(store, settings.identity),
                changes,
            ),
            stream=Stream(store, changes, self.metrics),
            desk=self._make_desk(files, links, overviews),
            pages=Pages(overviews, store, links, self._muting, self._slos),
            glance=Glance(overviews),
            health=Health(store),
        )

    def _make_desk(
        self,
        files: RunbookFiles,
        links: Links,
        overviews: OverviewReader,
    ) -> Desk:
        settings, store, slos = self._settings, self.store, self._slos
        return Desk(
            slos=Slos(slos, store, links),
            charts=Charts(ChartReader(self._prometheus), slos),
            history=History(store),
            path=Path(
                overviews,
                store,
                self._alertmanager,
                self._receivers,
                self._heartbeat,
            ),
            runbooks=Runbooks(
                files,
                store,
                links,
                slos,
                prometheus_url=settings.prometheus_public_url,
                logs_folder=settings.logs_folder,
            ),
        )

    def _has_grafana(self) -> bool:
        is_answered = self._grafana is None or self._grafana.is_answered
        return self._settings.has_grafana and is_answered

    def _make_grafana(self, url: str | None) -> GrafanaProbe | None:
        return None if url is None else GrafanaProbe(url, self._client, self.changes.notify)

    def _make_webhook(self, tokens: Tokens) -> Webhook:
        limits = BodyLimits(self._settings.max_body_bytes, self._settings.body_timeout_seconds)
        effects = DeliveryEffects(self.metrics, self._watchdog, self.changes, self._expect_loss)
        return Webhook(tokens, limits, self.store, effects)

    async def _check(self) -> None:
        """Look whether the store is damaged where nobody has read it for long."""
        await self.store.check()

    def _expect_loss(self) -> None:
        if self._poller is not None:
            self._poller.expect_loss()


def _poll_timing(settings: Settings) -> PollTiming:
    # With the switch turned off there is no watchdog to go by.
    late_seconds = settings.watchdog_late_seconds
    return PollTiming(
        grace=GracePeriods(
            stale_after=timedelta(seconds=settings.stale_after_seconds),
            close_after=timedelta(seconds=settings.close_after_seconds),
        ),
        late_after=timedelta(seconds=late_seconds) if late_seconds else None,
        missed_after=timedelta(seconds=settings.found_after_seconds),
    )
