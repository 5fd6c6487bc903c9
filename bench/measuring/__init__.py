"""Worker processes that are measured in interleaved rounds, and the spread of their readings."""
