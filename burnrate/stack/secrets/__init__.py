"""Secrets: generated once into private files, never overwritten; the door's alone are printed."""

from burnrate.stack.secrets.files import (
    GENERATED,
    change_people,
    machine_login,
    make_secrets,
    read_secret,
)
from burnrate.stack.secrets.people import FIRST, MACHINE, read_people

__all__ = [
    "FIRST",
    "GENERATED",
    "MACHINE",
    "change_people",
    "machine_login",
    "make_secrets",
    "read_people",
    "read_secret",
]
