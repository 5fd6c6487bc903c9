"""What Alloy would refuse, or silently ignore, in a configuration that is read as one."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tests.alloy.documentation import Block
from tests.alloy.reading import Body, Expression, Named, expressions

_FITTING: Final = {
    "string": {"string", "secret"},
    "number": {"number", "int", "float", "uint"},
    "bool": {"bool"},
}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+")
_FUNCTIONS: Final = {"sys.env": "string"}


def faults(body: Body, documented: Mapping[str, Block]) -> list[str]:
    """Return what is wrong with all files of a folder together, each in a line.

    Args:
        body: What they say.
        documented: Alloy's components and what belongs to no component, by name.
    """
    return list(_Checker(body, documented).faults())


class _Checker:
    def __init__(self, body: Body, documented: Mapping[str, Block]) -> None:
        self._body = body
        self._documented = documented
        self._exports = {
            f"{block.name}.{block.label}.{name}": kind
            for block in body.blocks if block.name in documented
            for name, kind in documented[block.name].exports.items()
        }  # fmt: skip

    def faults(self) -> Iterator[str]:
        names = [f"{block.name} {block.label}" for block in self._body.blocks]
        yield from (f"{each} stands twice" for each in sorted(set(names)) if names.count(each) > 1)
        for block in self._body.blocks:
            found = self._documented.get(block.name)
            if found is None:
                yield f"{block.name}: no such component"
            else:
                yield from self._of_block(block, found, found)
                yield from self._of_labels(block)

    def _of_block(self, block: Named, found: Block, component: Block) -> Iterator[str]:
        for name, value in block.body.attributes.items():
            wanted = found.arguments.get(name)
            if wanted is None:
                yield f"{block.name}: no argument {name}"
            elif not self._fits(value, wanted):
                yield f"{block.name}: {name} is no {wanted}"
        for name in found.required:
            if name not in block.body.attributes:
                yield f"{block.name}: {name} is missing"
        # What stages a match has is not listed again.
        within = component.blocks if block.name == "stage.match" else found.blocks
        for each in block.body.blocks:
            if each.name in within:
                yield from self._of_block(each, within[each.name], component)
            else:
                yield f"{block.name}: no block {each.name}"

    def _fits(self, value: Expression, wanted: str) -> bool:
        if value.kind == "reference":
            return self._exports.get(value.text) == wanted
        if value.kind == "call":
            return _FUNCTIONS.get(value.text) == wanted
        if value.kind == "sum":
            return all(self._fits(part, wanted) for part in value.parts)
        if value.kind in ("list", "map"):
            inner = re.fullmatch(rf"{value.kind}\((.*)\)", wanted)
            return inner is not None and all(self._fits(part, inner[1]) for part in value.parts)
        if wanted == "duration":
            return _DURATION.fullmatch(value.text) is not None
        return wanted in _FITTING[value.kind]

    def _of_labels(self, block: Named) -> Iterator[str]:
        """Yield labels of discovered targets that nothing in the configuration discovers."""
        known = [
            re.sub(r"<\w+>", r"\\w+", label)
            for each in self._body.blocks if each.name.startswith("discovery.")
            for label in self._documented.get(each.name, Block()).labels
        ]  # fmt: skip
        for value in expressions(block.body):
            is_discovered = value.kind == "string" and value.text.startswith("__meta_")
            if is_discovered and not any(re.fullmatch(each, value.text) for each in known):
                yield f"{block.name}: no target has {value.text}"
