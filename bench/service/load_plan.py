"""How much of everything `python -m bench load` measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadPlan:
    """The counts of one run: without `minutes` it takes eight minutes.

    Attributes:
        users: Seeded before the load, and so read without a 404; the same for `posts`.
        full_rounds: Readings of each variant without think time.
        steady_rounds: Readings at half the rate that the slower variant reaches.
        documents: Sent at once beside a steady load.
        route_rounds: Readings of one route alone, for each route.
        minutes: How long the service with all telemetry is loaded at the end, 0 for not at all.
        is_recycling: Whether workers leave after `max_requests`, as shipped; a leak of theirs shows
            where they stay.
    """

    connections: int = 1_000
    workers: int = 4
    feeds: int = 2
    users: int = 100
    posts: int = 1_000
    warm_up_seconds: int = 5
    full_rounds: int = 4
    full_seconds: int = 8
    steady_rounds: int = 3
    steady_seconds: int = 8
    documents: int = 200
    route_connections: int = 32
    route_rounds: int = 3
    route_seconds: float = 3
    minutes: float = 0.0
    is_recycling: bool = True


QUICK_LOAD = LoadPlan(
    connections=20,
    workers=1,
    feeds=1,
    users=5,
    posts=20,
    warm_up_seconds=1,
    full_rounds=1,
    full_seconds=1,
    steady_rounds=1,
    steady_seconds=1,
    documents=6,
    route_connections=4,
    route_rounds=1,
    route_seconds=1,
)
