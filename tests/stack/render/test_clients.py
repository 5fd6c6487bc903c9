"""burnrate/stack/render/clients.py."""

from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.render.clients import with_client_limits

_SHIPPED = (Path(__file__).parents[3] / "nginx/nginx.conf").read_text()


def test_nothing_set_changes_nothing() -> None:
    """The figures of the file are the defaults."""
    assert with_client_limits(_SHIPPED, {"CLIENT_FEEDS": ""}) == _SHIPPED


def test_each_limit_stands_wherever_it_is_named() -> None:
    """A rate and what may come ahead of it, and a limit that two places have."""
    settings = {
        "CLIENT_REQUESTS_PER_SECOND": "7",
        "CLIENT_REQUESTS_AT_ONCE": "8",
        "CLIENT_FEEDS": "9",
        "CLIENT_LIMITS_EXEMPT": "10.1.2.3/8, ::1",
    }

    text = with_client_limits(_SHIPPED, settings)

    assert "rate=7r/s;" in text
    assert "burst=7 nodelay;" in text
    assert text.count("limit_conn client_requests 8;") == 2
    assert "limit_conn client_feeds 9;" in text
    assert "        default 0;\n        10.0.0.0/8 1;\n        ::1/128 1;\n    }" in text


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"CLIENT_FEEDS": "0"}, "CLIENT_FEEDS is '0': it must be 1"),
        ({"CLIENT_FEEDS": "1; }"}, "CLIENT_FEEDS is '1; }': it must be 1"),
        ({"CLIENT_LIMITS_EXEMPT": "10.0.0.1 1; }"}, "CLIENT_LIMITS_EXEMPT: '10.0.0.1 1; }'"),
    ],
)
def test_wrong_value_is_refused(settings: dict[str, str], reason: str) -> None:
    """It would be a mistake in nginx' file, or a limit for nobody."""
    with pytest.raises(StackError, match=f"^{reason}"):
        with_client_limits(_SHIPPED, settings)


def test_setting_without_a_place_is_refused() -> None:
    """A team's own file may have no such limit; a setting that does nothing would be believed."""
    with pytest.raises(StackError, match=r"nginx\.conf has no such limit"):
        with_client_limits("http {}", {"CLIENT_FEEDS": "1"})
