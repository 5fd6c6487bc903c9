"""The files of a scenario's parts."""

from pathlib import Path

import yaml

from bench.scenarios.configurations import prometheus_file


def test_alertmanager_is_reached_where_a_scenario_runs_it(tmp_path: Path) -> None:
    """Not below the door's path, and without the login that the stack's one asks for."""
    prometheus_file(tmp_path, 9090, 9093, 8081, [8000])
    content = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    (told,) = content["alerting"]["alertmanagers"]
    assert told == {"static_configs": [{"targets": ["127.0.0.1:9093"]}]}
    jobs = {job["job_name"]: job for job in content["scrape_configs"]}
    assert jobs.keys() == {"api", "front-door", "alertmanager"}
    assert jobs["alertmanager"].keys() == {"job_name", "static_configs"}
    assert "machine_password" not in yaml.safe_dump(content)
