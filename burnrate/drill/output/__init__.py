"""What a drill prints while it goes on, and the report at its end."""

from burnrate.drill.output.drill_report import as_json, markdown, text
from burnrate.drill.output.live_screen import LiveScreen

__all__ = ["LiveScreen", "as_json", "markdown", "text"]
