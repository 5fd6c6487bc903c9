"""OpenSLO's `v1` and `v1alpha`: ratios of events, precomputed ratios, and slices of time."""

from burnrate.slo.specification.formats.openslo.reading import read
from burnrate.slo.specification.formats.openslo.references import VERSIONS, Referred, referred

__all__ = ["VERSIONS", "Referred", "read", "referred"]
