"""The tables of a run as text and as `docs/performance.md`, and the machine they come from."""
