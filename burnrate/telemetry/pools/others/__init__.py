"""Measures the pools of other libraries as they are: found by type, none of them is needed."""

from burnrate.telemetry.pools.others.measuring import MakeMeter, measure_pool

__all__ = ["MakeMeter", "measure_pool"]
