"""Silences from the inbox: the page of all, the form with its preview, and what they do."""

from alerting.inbox.web.silencing.about import About
from alerting.inbox.web.silencing.silences import Silences
from alerting.inbox.web.silencing.wanted import SilenceBody

__all__ = ["About", "SilenceBody", "Silences"]
