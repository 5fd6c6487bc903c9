"""Parts as they are rendered for this machine, for tests."""

from pathlib import Path

import pytest

from burnrate.stack.addresses import AddressMap
from burnrate.stack.compose import Compose
from burnrate.stack.layout import Layout
from burnrate.stack.processes.inventory import Inventory, take_inventory
from burnrate.stack.processes.rendering import PartRenderer, RenderedPart
from burnrate.stack.render import read_sources
from burnrate.stack.secrets import make_secrets


def with_password(layout: Layout) -> Layout:
    """Make the one secret that stands in a file of the tree."""
    make_secrets(layout.secrets, ["machine_password"], AddressMap())
    return layout


def install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have programs looked up in one folder only."""
    monkeypatch.setattr("burnrate.stack.processes.programs.search_path", lambda: str(folder))


def render(layout: Layout, compose: Compose) -> dict[str, RenderedPart]:
    """Return the parts that can run here."""
    inventory = take_inventory(layout, compose)
    return renderer(layout, compose, inventory).all()


def renderer(layout: Layout, compose: Compose, inventory: Inventory) -> PartRenderer:
    """Return what renders them, with no settings."""
    sources = read_sources(layout.checkout, {})
    return PartRenderer(sources, layout, compose, AddressMap(), inventory)
