"""The one-shot service `setup`: secrets and configuration into one volume a part."""

from burnrate.stack.setup.checkout import check_readable
from burnrate.stack.setup.setup import Setup

__all__ = ["Setup", "check_readable"]
