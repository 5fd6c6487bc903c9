"""The specification of a service that is not ours: an SLO of events and one of time."""

from typing import Final

SHOP: Final = """\
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(answers_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(answers_total[{{.window}}]))
    alerting: {name: ShopFails}
  - name: satisfaction
    objective: 90
    sli: {raw: {error_ratio_query: "1 - avg_over_time(satisfied_ratio[{{.window}}])"}}
    alerting: {name: ShopSad}
"""
