"""What the rules of many services cost a real Prometheus: `python -m bench slo`."""
