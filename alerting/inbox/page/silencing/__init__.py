"""What Alertmanager holds back, and the form that asks it to, with a preview of what that hides."""

from alerting.inbox.page.silencing.form import SilenceForm, choices_of_alert, choices_of_incident
from alerting.inbox.page.silencing.held import HeldBack, held_back
from alerting.inbox.page.silencing.pages import NO_ALERTMANAGER, silence_form_page, silences_page

__all__ = [
    "NO_ALERTMANAGER",
    "HeldBack",
    "SilenceForm",
    "choices_of_alert",
    "choices_of_incident",
    "held_back",
    "silence_form_page",
    "silences_page",
]
