"""What Grafana shows, built in Python: `python -m grafana.build` writes grafana/dashboards/."""
