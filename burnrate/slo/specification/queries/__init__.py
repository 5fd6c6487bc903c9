"""The queries of a specification, read as PromQL that each Prometheus from 2.42 on accepts."""

from burnrate.slo.specification.queries.proportion import is_proportional
from burnrate.slo.specification.queries.query import PLACEHOLDER, Kind, Query, checked, plain
from burnrate.slo.specification.queries.tokens import QueryProblem

__all__ = ["PLACEHOLDER", "Kind", "Query", "QueryProblem", "checked", "is_proportional", "plain"]
