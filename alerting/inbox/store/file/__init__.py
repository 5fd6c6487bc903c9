"""The SQLite file: opened by one thread, brought to the newest schema, set aside if damaged."""

from alerting.inbox.store.file.connection import ConnectionThread
from alerting.inbox.store.file.damage import check, found_aside
from alerting.inbox.store.file.schema import check_version, migrate

__all__ = ["ConnectionThread", "check", "check_version", "found_aside", "migrate"]
