"""Alertmanager's inhibition of an SLO's tickets, as a marked part of a file kept by hand."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from burnrate.slo.errors import SpecError

_BEGIN: Final = "  # burnrate slo generate: begin\n"
_END: Final = "  # burnrate slo generate: end\n"
_RULE: Final = """\
  # While an SLO pages, its own tickets add nothing. Both sides must have an slo: labels absent on
  # both count as equal, so any page of a service would hide the tickets that name its cause. A
  # page never hides a page.
  - source_matchers: [severity = "page", slo != ""]
    target_matchers: [severity = "ticket", slo != ""]
    equal: [{equal}]
"""


def inhibited(text: str, file: Path, identity: Sequence[str]) -> str:
    """Return the configuration with the marked part as it has to be.

    Args:
        text: Alertmanager's configuration.
        file: Where it is from, for the error.
        identity: The labels that name a service.

    Raises:
        SpecError: the marks are not there, or not once.
    """
    part = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
    if len(part.findall(text)) != 1:
        raise SpecError(
            file, "inhibit_rules", f"needs the lines {_BEGIN.strip()!r} and {_END.strip()!r}, once"
        )
    rule = _RULE.format(equal=", ".join([*identity, "slo"]))
    return part.sub(lambda _: _BEGIN + rule + _END, text)
