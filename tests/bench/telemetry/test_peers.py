"""Peers come into a folder of their own, pinned, or are left out with a reason."""

import subprocess
from pathlib import Path

import pytest

from bench.telemetry import peers


def install(folder: Path, name: str, version: str) -> None:
    """Put a distribution's metadata into `folder`, as pip does."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_every_peer_is_pinned_to_one_version_with_its_hashes() -> None:
    """Another release would be another comparison."""
    text = (Path(peers.__file__).with_name("peers.txt")).read_text()
    assert set(peers.wanted()) == {"prometheus-fastapi-instrumentator", "starlette-exporter"}
    assert text.count("--hash=sha256:") >= len(peers.wanted())


def test_a_folder_that_has_them_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run needs no package index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name, version in peers.wanted().items():
        install(tmp_path, name, version)
    assert peers.provide(tmp_path) == tmp_path


def test_without_a_package_index_the_reason_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on without peers, so it must be able to say why."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    install(tmp_path / "peers", "starlette-exporter", "0.0.1")
    with pytest.raises(peers.PeersUnavailable, match="No matching distribution"):
        peers.provide(tmp_path / "peers")


@pytest.mark.parametrize(
    ("status", "errors", "reason"),
    [
        (1, "WARNING: slow\nERROR: no such thing\n", "ERROR: no such thing"),
        (1, "python: No module named pip\nbye\n", "No module named pip"),
        (1, "", "pip installed something else"),
        (0, "", "pip installed something else"),
    ],
)
def test_what_pip_says_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, errors: str, reason: str
) -> None:
    """Even where it ends well: what is measured must be what is pinned."""
    ended = subprocess.CompletedProcess[str]([], status, "", errors)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(peers.PeersUnavailable, match=reason):
        peers.provide(tmp_path / "peers")
