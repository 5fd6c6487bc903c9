"""Parts that read changed files while they run: checked, put in place, loaded, and asked."""

from burnrate.stack.reload.host import Host, Output
from burnrate.stack.reload.reload import Reload

__all__ = ["Host", "Output", "Reload"]
