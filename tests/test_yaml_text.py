"""YAML that comes back as what was written."""

import pytest
import yaml

from burnrate.yaml_text import yaml_text


@pytest.mark.parametrize("has_blocks", [True, False])
@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("text", ["a{} 'b'", "a{}b", "a{}", "a\n{}b"])
def test_a_text_keeps_what_yaml_takes_for_the_end_of_a_line(
    text: str, end: str, *, has_blocks: bool
) -> None:
    """It came back as a blank, or not at all."""
    content = {"team": text.format(end)}

    assert yaml.safe_load(yaml_text(content, has_blocks=has_blocks)) == content


def test_a_text_of_several_lines_is_a_block_where_people_read_it() -> None:
    """As they would write it; a line that ends with a blank would lose it there."""
    written = yaml_text(["a\nb\n", "a \nb"], has_blocks=True)

    assert written.startswith("- |\n  a\n  b\n- ")
    assert yaml.safe_load(written) == ["a\nb\n", "a \nb"]


def test_what_is_there_twice_is_written_twice() -> None:
    """Prometheus would read an anchor, people would not."""
    labels = {"team": "shop"}

    assert yaml_text([labels, labels]) == "- team: shop\n- team: shop\n"
