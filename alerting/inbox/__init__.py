"""The inbox: receives Alertmanager's webhooks and never loses one."""
