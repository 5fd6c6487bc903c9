"""What Alertmanager delivers: who may, what it must look like, and the answer once it is stored."""

from alerting.inbox.web.delivery.payload import AlertPayload, DeliveryPayload
from alerting.inbox.web.delivery.tokens import Tokens
from alerting.inbox.web.delivery.webhook import Webhook

__all__ = ["AlertPayload", "DeliveryPayload", "Tokens", "Webhook"]
