"""How each part checks its files, and how it is told to load them."""

from collections.abc import Mapping
from dataclasses import dataclass

from burnrate.stack.addresses import kind_of
from burnrate.stack.reload.evidence import Evidence, LogLine, Metrics, Successors, Workers


@dataclass(frozen=True)
class PartReload:
    """One part.

    In the check `{arguments}` stands for the part's arguments, with the candidate's folder in place
    of its own, and `{next}` for that folder.

    Attributes:
        check: What tells whether a candidate is right, as the part's image names the program; empty
            where there is no such program: YAML and JSON are parsed anyhow.
        user: Whom a container runs the check as, where that is not the part's user.
        evidence: What shows that it has loaded its files after SIGHUP; None for a part that reads
            them only when it starts.
        reads_by_itself: What it reads again without being told: how the names begin.
        renewal: What shows that SIGHUP has replaced its program, for one that restarts without a
            moment in which nobody serves.
    """

    check: tuple[str, ...] = ()
    user: str | None = None
    evidence: Evidence | None = None
    reads_by_itself: tuple[str, ...] = ()
    renewal: Evidence | None = None


_NGINX = ("nginx", "{arguments}", "-t")
# Other parts have no files, or are a team's own: these are restarted.
RELOADS: Mapping[str, PartReload] = {
    "postgres": PartReload(
        # Reads its configuration and prints one value.
        check=("postgres", "-C", "max_connections", "{arguments}"),
        evidence=LogLine("received SIGHUP, reloading configuration files"),
        # Runs once, on a new database.
        reads_by_itself=("exporter.sql",),
    ),
    "nginx": PartReload(check=_NGINX, evidence=Workers()),
    "door": PartReload(check=_NGINX, evidence=Workers()),
    "nginx-status": PartReload(check=_NGINX, evidence=Workers()),
    # It starts as root, which it does not stay.
    "docker-proxy": PartReload(check=_NGINX, user="101:101", evidence=Workers()),
    "api": PartReload(renewal=Successors("the program is not renewed")),
    "inbox": PartReload(reads_by_itself=("secrets/inbox_token", "secrets/machine_password")),
    "prometheus": PartReload(
        check=("promtool", "check", "config", "{next}/prometheus.yml"),
        evidence=Metrics("prometheus_config_last_reload"),
        # With each request and each scrape.
        reads_by_itself=("secrets/",),
    ),
    "alertmanager": PartReload(
        check=("amtool", "check-config", "{next}/alertmanager.yml"),
        evidence=Metrics("alertmanager_config_last_reload"),
        # With each notification.
        reads_by_itself=("secrets/",),
    ),
    "loki": PartReload(
        check=("/usr/bin/loki", "{arguments}", "-verify-config"), reads_by_itself=("rules/",)
    ),
    "tempo": PartReload(check=("/tempo", "{arguments}", "-config.verify=true")),
    "alloy": PartReload(
        check=("alloy", "validate", "{next}/pipeline"), evidence=Metrics("alloy_config_last_load")
    ),
    "grafana": PartReload(reads_by_itself=("dashboards/",)),
}


def reload_of(part: str) -> PartReload:
    """Return how a part, or an instance of it, reads its files."""
    return RELOADS.get(kind_of(part), PartReload())
