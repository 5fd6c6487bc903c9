"""What the inbox does by itself: it waits for the watchdog, polls Alertmanager, reads the SLOs."""

from alerting.inbox.watch.alertmanager_api import AlertmanagerClient
from alerting.inbox.watch.alertmanager_poller import AlertmanagerPoller, PollTiming
from alerting.inbox.watch.dead_mans_switch import DeadMansSwitch
from alerting.inbox.watch.delivery_effects import DeliveryEffects
from alerting.inbox.watch.failed_notifications import FailedNotifications
from alerting.inbox.watch.fallback import Fallback
from alerting.inbox.watch.grafana import GrafanaProbe
from alerting.inbox.watch.heartbeat import AlertPath, Heartbeat, HeartbeatState
from alerting.inbox.watch.periodic import Job, calling_at_exit, running
from alerting.inbox.watch.prometheus import (
    Chart,
    ChartReader,
    Panel,
    PrometheusClient,
    Route,
    Routes,
    Slo,
    SloFigures,
    SloReader,
    Tier,
    panels_of_service,
    panels_of_slo,
    step_of,
)
from alerting.inbox.watch.receivers import Receiver, ReceiverWatch
from alerting.inbox.watch.retention_job import RetentionJob
from alerting.inbox.watch.silencing import (
    EndedWhileMuted,
    FiringRules,
    ListedAlert,
    Matcher,
    Muting,
    MutingWatch,
    NewSilence,
    Silence,
    SilencingClient,
)
from alerting.inbox.watch.watchdog import Verdict, Watchdog

__all__ = [
    "AlertPath",
    "AlertmanagerClient",
    "AlertmanagerPoller",
    "Chart",
    "ChartReader",
    "DeadMansSwitch",
    "DeliveryEffects",
    "EndedWhileMuted",
    "FailedNotifications",
    "Fallback",
    "FiringRules",
    "GrafanaProbe",
    "Heartbeat",
    "HeartbeatState",
    "Job",
    "ListedAlert",
    "Matcher",
    "Muting",
    "MutingWatch",
    "NewSilence",
    "Panel",
    "PollTiming",
    "PrometheusClient",
    "Receiver",
    "ReceiverWatch",
    "RetentionJob",
    "Route",
    "Routes",
    "Silence",
    "SilencingClient",
    "Slo",
    "SloFigures",
    "SloReader",
    "Tier",
    "Verdict",
    "Watchdog",
    "calling_at_exit",
    "panels_of_service",
    "panels_of_slo",
    "running",
    "step_of",
]
