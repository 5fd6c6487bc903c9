"""What Alertmanager holds back: silences, inhibitions, and what ended meanwhile."""

from alerting.inbox.watch.silencing.api import AlertEntry, AlertStatus, SilencingClient
from alerting.inbox.watch.silencing.ended import EndedWhileMuted
from alerting.inbox.watch.silencing.firing_rules import FiringRules
from alerting.inbox.watch.silencing.muting import Muting, MutingWatch
from alerting.inbox.watch.silencing.silences import ListedAlert, Matcher, NewSilence, Silence

__all__ = [
    "AlertEntry",
    "AlertStatus",
    "EndedWhileMuted",
    "FiringRules",
    "ListedAlert",
    "Matcher",
    "Muting",
    "MutingWatch",
    "NewSilence",
    "Silence",
    "SilencingClient",
]
