"""What a Prometheus holds of SLOs, and what would make one of them silently empty."""

from burnrate.slo.live.checking import looked_up
from burnrate.slo.live.finding import Finding

__all__ = ["Finding", "looked_up"]
