"""What a drill prints while it goes on, and the report at its end."""
