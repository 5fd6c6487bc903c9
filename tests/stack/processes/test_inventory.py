"""What of the stack can run on this machine."""

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.processes.inventory import Inventory, MissingPart


def test_a_stack_runs_without_what_is_optional() -> None:
    """It costs something, and is named."""
    inventory = Inventory({}, (MissingPart("loki", "not installed: no log search"),))
    inventory.check()
    assert inventory.absent == {"loki"}


def test_a_stack_does_not_start_without_a_part_it_needs() -> None:
    """The part and the remedy are in the line."""
    missing = MissingPart("redis", "not installed: burnrate stack install", is_optional=False)
    with pytest.raises(StackError, match=r"^redis not installed: burnrate stack install$"):
        Inventory({}, (MissingPart("loki", "not installed"), missing)).check()
