"""The data sources as variables, so that a dashboard can be pointed at other ones."""

from typing import Final

from grafana_foundation_sdk.models.common import DataSourceRef

METRICS: Final = DataSourceRef(type_val="prometheus", uid="${metrics}")
LOGS: Final = DataSourceRef(type_val="loki", uid="${logs}")
TRACES: Final = DataSourceRef(type_val="tempo", uid="${traces}")
