"""The templates and the file formats around them."""

import pytest
from jinja2 import UndefinedError

from alerting.inbox.page.rendering import (
    _ENVIRONMENT,
    Content,
    render_fragment,
    render_page,
)

_EVIL = "<b>\"'&</b>"


def test_what_a_template_names_and_is_not_given_is_an_error() -> None:
    """A page with a hole where a figure should be would look like a healthy one."""
    with pytest.raises(UndefinedError):
        _ENVIRONMENT.from_string("Budget left: {{ budget_left }}").render()


def test_a_page_is_its_fragment_with_a_frame_around_it() -> None:
    """So that what the script puts in place later is what was there at first."""
    content = Content("no_such_alert.html", _EVIL)
    page, fragment = render_page(content, "/fragment"), render_fragment(content)
    assert fragment.strip() in page
    assert "<title>&lt;b&gt;&#34;&#39;&amp;&lt;/b&gt;</title>" in page
    assert "<html" not in fragment
