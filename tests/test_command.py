"""The command on an install that has only what the telemetry needs."""

import subprocess
import sys


def test_a_base_install_names_the_extra_that_the_command_needs() -> None:
    """One line, and no traceback."""
    code = "import sys; sys.modules['click'] = None; from burnrate.command import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "burnrate: click is missing: pip install 'burnrate-stack[cli]'\n"
