"""What a drill asks Prometheus, Alertmanager and the inbox over HTTP, and Loki's rule files."""
