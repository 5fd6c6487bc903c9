"""What the inbox does by itself: watches the watchdog, asks Alertmanager and Prometheus."""
