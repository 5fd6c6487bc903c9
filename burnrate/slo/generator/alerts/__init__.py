"""The alerts of one SLO: its tiers, its budget, its routes, and what they say."""

from burnrate.slo.generator.alerts.budget import budget_alerts
from burnrate.slo.generator.alerts.burn import alert_labels, burn_alert
from burnrate.slo.generator.alerts.routes import route_rules

__all__ = ["alert_labels", "budget_alerts", "burn_alert", "route_rules"]
