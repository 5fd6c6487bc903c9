"""Which alert a drill must raise, from which rule, and the latest time of each of its steps."""
