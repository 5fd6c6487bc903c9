"""Faults on purpose, for fire drills; mounted only where a setting turns them on."""
