"""What several dashboards show of a service's limits: the same figures, the same colours."""

from typing import Final

from grafana.panels import GREEN, RED, YELLOW, Steps

# The series of the chosen service.
OURS: Final = 'service="$service"'

# Of each pool: connections (or threads) in use, how many it has, and their share.
IN_USE: Final = f'sum by (pool) (pool_connections{{{OURS}, state="used"}})'
MOST: Final = f"sum by (pool) (pool_max_connections{{{OURS}}})"
USED: Final = f"{IN_USE} / {MOST}"

# How many wait.
WAITING: Final = Steps(GREEN, ((1, YELLOW), (10, RED)))
# In seconds: from 0.1 on every request of that worker waits noticeably.
LAG: Final = Steps(GREEN, ((0.05, YELLOW), (0.1, RED)))
