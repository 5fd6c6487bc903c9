"""Reasons, as the real programs print them."""

import pytest

from burnrate.stack.reload.complaints import complaint, logged_complaint

PROMTOOL = """\
Checking prometheus.yml
  SUCCESS: 1 rule files found
 SUCCESS: prometheus.yml is valid prometheus config file syntax

Checking rules/a.yml
  FAILED:
     rules/a.yml: 5:11: group "a", rule 1, "a": could not parse expression: 1:5: parse error
"""
AMTOOL = """\
Checking 'a.yml'  FAILED: yaml: unmarshal errors:
  line 70: field nonsense not found in type config.plain
amtool: error: failed to validate 1 file(s)
"""
NGINX = """\
2026/11/28 10:51:45 [emerg] 21346#21346: unknown directive "nonsense" in nginx.conf:1
nginx: configuration file nginx.conf test failed
"""
ALLOY = """\
Error: pipeline/bad.alloy:1:18: unrecognized attribute name "nonsense"

1 | loki.write "x" { nonsense = 1 }
  |                  ^^^^^^^^^^^^
2 |
Error: validation failed
"""
POSTGRES = """\
2026-11-28 10:59:11 GMT [1] LOG:  unrecognized configuration parameter "x" in file "p.conf" line 3
2026-11-28 10:59:11 GMT [1] FATAL:  configuration file "p.conf" contains errors
"""


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            PROMTOOL,
            (
                'rules/a.yml: 5:11: group "a", rule 1, "a": could not parse expression: 1:5: '
                "parse error"
            ),
        ),
        (AMTOOL, "yaml: unmarshal errors: line 70: field nonsense not found in type config.plain"),
        (NGINX, 'unknown directive "nonsense" in nginx.conf:1'),
        (ALLOY, 'pipeline/bad.alloy:1:18: unrecognized attribute name "nonsense"'),
        (POSTGRES, 'unrecognized configuration parameter "x" in file "p.conf" line 3'),
        ("", "it gives no reason"),
    ],
    ids=["promtool", "amtool", "nginx", "alloy", "postgres", "nothing"],
)
def test_a_checks_reason_is_one_line(printed: str, reason: str) -> None:
    """Without times, quotations and what only says that something is wrong."""
    assert complaint(printed.splitlines()) == reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"level":"ERROR","msg":"Error reloading","err":"no such file"}', "no such file"),
        ('ts=1 level=error msg="Loading failed" err="open \\"x\\""', 'open "x"'),
        ("2026/11/28 10:51:45 [emerg] 7#7: bind() failed", "bind() failed"),
    ],
)
def test_a_logs_first_error_is_the_reason(line: str, reason: str) -> None:
    """In each notation that parts use."""
    assert logged_complaint(["level=info msg=reloading", line, "level=error err=later"]) == reason


def test_a_log_may_have_none() -> None:
    """Then that is said."""
    assert logged_complaint(["level=info"]) == "its log gives no reason"
