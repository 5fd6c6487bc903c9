"""Burnrate: an SLO-first observability stack for FastAPI services."""
