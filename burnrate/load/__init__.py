"""A steady, realistic mix of requests to the running service."""

from burnrate.load.background import BackgroundLoad
from burnrate.load.dataset import Dataset
from burnrate.load.engine import Engine, LoadFailed
from burnrate.load.mix import (
    REALISTIC,
    Call,
    Maker,
    Mix,
    create_post,
    create_user,
    list_posts,
    list_users,
    process_text,
    search_posts,
    show_post,
    show_user,
)
from burnrate.load.stats import Stats, quantile

__all__ = [
    "REALISTIC",
    "BackgroundLoad",
    "Call",
    "Dataset",
    "Engine",
    "LoadFailed",
    "Maker",
    "Mix",
    "Stats",
    "create_post",
    "create_user",
    "list_posts",
    "list_users",
    "process_text",
    "quantile",
    "search_posts",
    "show_post",
    "show_user",
]
