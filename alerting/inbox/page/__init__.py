"""The inbox's pages for people: rendered here, kept live by one small script."""

from alerting.inbox.page.cards import title_of
from alerting.inbox.page.detail import alert_page
from alerting.inbox.page.front import front_page, heading
from alerting.inbox.page.html import Html, fill
from alerting.inbox.page.layout import asset, fragment, page
from alerting.inbox.page.links import Links
from alerting.inbox.page.overview import OverviewReader

__all__ = [
    "Html",
    "Links",
    "OverviewReader",
    "alert_page",
    "asset",
    "fill",
    "fragment",
    "front_page",
    "heading",
    "page",
    "title_of",
]
