"""How the parts of PostgreSQL's page read its series, and from when on a transaction is old."""

from typing import Final

from grafana.panels import GREEN, RED, YELLOW, Steps

OURS: Final = 'instance=~"$instance"'
# Without the template databases, and what belongs to none.
DATA: Final = f'{OURS}, datname!~"template.*|"'
OLD: Final = Steps(GREEN, ((10, YELLOW), (60, RED)))


def rate_by_database(counter: str) -> str:
    """Return how fast a counter of pg_stat_database rises, by database."""
    return f"sum by (datname) (rate(pg_stat_database_{counter}{{{DATA}}}[$__rate_interval]))"
