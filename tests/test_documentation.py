"""What the documentation names exists, and what can be set is documented."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from burnrate.configuration import Configuration, TierSettings, Urls
from burnrate.slo.specification.settings import (
    LatencySettings,
    PoolSettings,
    RatioSettings,
    ServiceSettings,
)

_ROOT = Path(__file__).parents[1]
_DOCS = _ROOT / "docs"
_PAGES = [*sorted(_ROOT.glob("*.md")), *sorted(_DOCS.rglob("*.md"))]
# What exists only where the stack has run, or in somebody's own checkout.
_ELSEWHERE = (".burnrate/", ".env", "/", "~", "<", "prometheus/slo/shop", "prometheus/targets/shop")
_LOGGERS = ("burnrate.request", "burnrate.overdue", "burnrate.websocket")  # no modules
_SUFFIXES = "py|md|yml|yaml|conf|alloy|toml|json|txt|html|lua|sql|Dockerfile"
_FILE = re.compile(rf"^[\w.*/-]+\.({_SUFFIXES})$|^[\w.-]+(/[\w.*-]+)*/$")
_MODULE = re.compile(r"^(?:burnrate|alerting|bench|grafana)(?:\.\w+)+$")
_FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_DECISION = re.compile(r"\[(?:[Dd]ecision )?(\d+)\]\([\w/]*?(\d{4})-")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def _ids(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def _spoken(path: Path) -> Iterator[str]:
    """Return what a page sets as code within its sentences."""
    yield from _CODE.findall(_FENCED.sub("", path.read_text()))


def _files() -> frozenset[str]:
    skipped = {".git", ".venv", "node_modules", ".burnrate", "__pycache__"}
    return frozenset(
        f"/{path.relative_to(_ROOT)}{'/' if path.is_dir() else ''}"
        for path in _ROOT.rglob("*")
        if not skipped.intersection(path.relative_to(_ROOT).parts)
    )


_FILES = _files()


def _exists(name: str) -> bool:
    """Return whether a path is one below the root, or the end of one as walks shorten it."""
    end = re.compile("/" + re.escape(name).replace(r"\*", "[^/]*") + "$")
    return any(end.search(file) for file in _FILES)


@pytest.mark.parametrize("path", _PAGES, ids=_ids)
def test_every_link_leads_to_a_file(path: Path) -> None:
    """Relative to the page, as a host of repositories follows it."""
    targets = _LINK.findall(_FENCED.sub("", path.read_text()))
    assert [target for target in targets if not (path.parent / target).exists()] == []


# Decisions tell of what was there when they were made.
@pytest.mark.parametrize("path", [p for p in _PAGES if p.parent.name != "decisions"], ids=_ids)
def test_every_path_and_module_that_a_page_names_exists(path: Path) -> None:
    """A walk through the code is of no use when its steps have moved."""
    said = [text for text in _spoken(path) if not text.startswith((*_ELSEWHERE, *_LOGGERS))]
    files = [text for text in said if _FILE.match(text)]
    modules = [text for text in said if _MODULE.match(text) and text not in files]
    assert [file for file in files if not _exists(file)] == []
    assert [module for module in modules if not _is_importable(module)] == []


def _is_importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return hasattr(importlib.import_module(module), attribute)
    return True


def test_a_path_that_does_not_exist_is_seen() -> None:
    """The shortened ones, too."""
    assert _exists("burnrate/telemetry/middleware.py")
    assert _exists("telemetry/middleware.py")
    assert not _exists("telemetry/middle.py")
    assert not _exists("leware.py")


def test_every_decision_and_every_page_is_listed() -> None:
    """A reader finds them from the index."""
    for index in (_DOCS / "README.md", _DOCS / "decisions" / "README.md"):
        listed = set(_LINK.findall(index.read_text()))
        pages = {page.name for page in index.parent.glob("*.md")} - {"README.md"}
        assert pages - listed == set()


def test_the_numbers_of_decisions_run_on() -> None:
    """From 1, in the file's name and in the heading."""
    pages = sorted((_DOCS / "decisions").glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == [*range(1, len(pages) + 1)]
    for page in pages:
        assert page.read_text().startswith(f"# {int(page.name[:4])}. ")
    named = [found for page in _PAGES for found in _DECISION.findall(page.read_text())]
    assert named
    assert [(said, number) for said, number in named if int(said) != int(number)] == []


@pytest.mark.parametrize(
    "model",
    [
        Configuration,
        Urls,
        TierSettings,
        ServiceSettings,
        RatioSettings,
        LatencySettings,
        PoolSettings,
    ],
)
def test_every_key_of_a_file_of_settings_is_documented(model: type[BaseModel]) -> None:
    """On the one page that says what can be changed."""
    said = re.findall(r"[a-z_]+", " ".join(_spoken(_DOCS / "configuration.md")))
    assert [name for name in model.model_fields if name not in said] == []


def test_every_variable_of_the_example_is_documented() -> None:
    """Images by the end of their names."""
    said = " ".join(_spoken(_DOCS / "configuration.md"))
    variables = re.findall(
        r"^#?([A-Z][A-Z_]*)=", (_ROOT / ".env.example").read_text(), re.MULTILINE
    )
    assert variables
    assert [n for n in variables if not n.endswith("_IMAGE") and n not in said] == []
