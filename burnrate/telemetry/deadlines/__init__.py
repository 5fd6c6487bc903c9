"""When a request should have been answered, and a thread that finds the ones that were not.

`Limits` knows the deadline of a request, `deadline` sets that of a route, and `Sweeper` looks at
what is open, also while the event loop is blocked (decision 21).
"""

from burnrate.telemetry.deadlines.limits import Limits, deadline
from burnrate.telemetry.deadlines.sweeper import Sweeper, Watched

__all__ = ["Limits", "Sweeper", "Watched", "deadline"]
