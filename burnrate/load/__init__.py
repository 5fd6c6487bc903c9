"""A steady, realistic mix of requests: for looking at dashboards, and under fire drills."""
