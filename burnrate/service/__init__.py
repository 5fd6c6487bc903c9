"""Takes a service into the stack, and out of it: `burnrate service`."""

from burnrate.service.errors import ServiceError
from burnrate.service.usual import usual_service

__all__ = ["ServiceError", "usual_service"]
