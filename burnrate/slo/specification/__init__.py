"""SLO specifications: read from their files, checked, and joined with our settings into `Slo`."""

from burnrate.slo.specification.checks import spellings
from burnrate.slo.specification.files import (
    has_specifications,
    own_sources,
    settings_file,
    specification_files,
)
from burnrate.slo.specification.formats import is_short
from burnrate.slo.specification.model import (
    Service,
    Slo,
    number,
    quote,
    selector,
    target_labels,
)
from burnrate.slo.specification.queries import is_proportional
from burnrate.slo.specification.reader import load, load_all, load_files
from burnrate.slo.specification.routes import Routes
from burnrate.slo.specification.settings import (
    BudgetReset,
    LatencySettings,
    PoolSettings,
    RatioSettings,
)
from burnrate.slo.specification.terms import Term

__all__ = [
    "BudgetReset",
    "LatencySettings",
    "PoolSettings",
    "RatioSettings",
    "Routes",
    "Service",
    "Slo",
    "Term",
    "has_specifications",
    "is_proportional",
    "is_short",
    "load",
    "load_all",
    "load_files",
    "number",
    "own_sources",
    "quote",
    "selector",
    "settings_file",
    "specification_files",
    "spellings",
    "target_labels",
]
