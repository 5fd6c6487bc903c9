"""The list of noise: what the rule leaves out, what the runbook explains, what programs wrote."""

import re

import pytest

from tests.compose import noise

_FILTERS = noise.filters()


def test_every_filter_of_the_rule_is_explained_in_the_runbook() -> None:
    """And nothing else: who reads the ticket knows what is not in it."""
    assert noise.explained().keys() == _FILTERS
    assert _FILTERS


def _is_left_out(service: str, line: str) -> bool:
    return any(name == service and re.search(pattern, line) for name, pattern in _FILTERS)


def test_every_filter_leaves_out_a_line_that_a_program_wrote() -> None:
    """A pattern that meets none is a guess."""
    unmet = [
        (name, pattern)
        for name, pattern in _FILTERS
        if not any(s == name and re.search(pattern, line) for s, line in noise.lines("noise"))
    ]
    assert unmet == []


@pytest.mark.parametrize(("service", "line"), noise.lines("noise"))
def test_noise_is_left_out_by_the_name_of_its_part(service: str, line: str) -> None:
    """The same words of another part are not."""
    assert _is_left_out(service, line)
    assert not _is_left_out("shop", line)


@pytest.mark.parametrize(("service", "line"), noise.lines("errors"))
def test_an_error_of_a_noisy_part_is_counted(service: str, line: str) -> None:
    """Filters are narrow; a collector that rules need is counted apart."""
    is_needed = "collector failed" in line and "name=filesystem" in line
    assert _is_left_out(service, line) == is_needed
