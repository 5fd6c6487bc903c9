"""The alerts of one SLO: its tiers, its budget, its routes, and what they say."""

from burnrate.slo.generator.alerts.budget import budget_alerts
from burnrate.slo.generator.alerts.burn import burn_alert, held_records
from burnrate.slo.generator.alerts.recovery import recovery_records
from burnrate.slo.generator.alerts.routes import route_rules

__all__ = [
    "budget_alerts",
    "burn_alert",
    "held_records",
    "recovery_records",
    "route_rules",
]
