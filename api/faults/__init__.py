"""Faults on purpose, for fire drills; the routes exist only if a setting turns them on."""
