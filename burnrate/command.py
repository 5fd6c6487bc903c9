"""Where the command `burnrate` begins: on an install without it, one line names the extra."""

import sys


def main() -> None:
    """Run the command line, which needs the extra `cli`."""
    try:
        from burnrate.cli import main as run  # noqa: PLC0415 - what may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("burnrate"):
            raise
        sys.exit(f"burnrate: {error.name} is missing: pip install 'burnrate-stack[cli]'")
    run()
