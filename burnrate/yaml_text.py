"""YAML as our commands write it: read again, each text is the one that was given."""

from typing import Final

import yaml

_LINE_ENDS: Final = frozenset("\x85\u2028\u2029")


def yaml_text(content: object, *, has_blocks: bool = False) -> str:
    """Return content as YAML, in its own order and without anchors: a rule is read by itself.

    Args:
        content: Mappings, sequences, texts and numbers.
        has_blocks: Whether a text of several lines is a block, as people write it.
    """
    dumper = _BlockDumper if has_blocks else _Dumper
    text: str = yaml.dump(content, Dumper=dumper, sort_keys=False, width=120, allow_unicode=True)
    return text


class _Dumper(yaml.SafeDumper):
    has_blocks = False

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True


class _BlockDumper(_Dumper):
    has_blocks = True


def _written(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if set(text) & _LINE_ENDS:
        # YAML takes these for ends of lines, and a quoted text would come back with blanks.
        style = '"'
    elif dumper.has_blocks and "\n" in text and " \n" not in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written)
_BlockDumper.add_representer(str, _written)
