"""What is seen of the running stack during a drill, again and again, and the timeline of it."""

from burnrate.drill.observation.alert_observer import AlertObserver
from burnrate.drill.observation.observer import Observer
from burnrate.drill.observation.page_observer import PageObserver
from burnrate.drill.observation.timeline import ALERT_STEPS, Observation, Step, Timeline
from burnrate.drill.observation.watchdog_observer import WatchdogObserver

__all__ = [
    "ALERT_STEPS",
    "AlertObserver",
    "Observation",
    "Observer",
    "PageObserver",
    "Step",
    "Timeline",
    "WatchdogObserver",
]
