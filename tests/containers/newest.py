"""The Docker engine of Debian's newest suite, with the image store of today's installations.

Its programs are unpacked, not installed. They need that suite's C library, so the daemon sees the
suite's /usr in place of ours, in a mount namespace of its own.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.containers.debian import unpacked

_SUITE = "sid"
_PACKAGES = ("docker-buildx", "docker-cli", "docker-compose", "docker.io", "kmod")
_PLUGINS = "usr/libexec/docker/cli-plugins"
_SETTINGS = {"features": {"containerd-snapshotter": True}}
# Links that packages' scripts would have made.
_LINKS = {"iptables": "iptables-nft", "ip6tables": "ip6tables-nft"}
# Whatever is newest is looked up once a month.
_MONTH_SECONDS = 30 * 86_400
_START = 'mount --bind "$1/usr" /usr && shift && exec "$@"'


@dataclass(frozen=True)
class Programs:
    """How an engine is started, and the variables by which its client is found."""

    dockerd: Sequence[str]
    variables: Mapping[str, str]


def newest_programs(home: Path) -> Programs:
    """Unpack the newest engine below a folder that keeps it, unless it is there."""
    root = home / f"root-{_digest()}-{int(time.time() // _MONTH_SECONDS)}"
    if not root.exists():
        for old in home.glob("root-*"):
            shutil.rmtree(old)
        _make_root(root)
    _link_client(root, home)
    settings = home / "daemon.json"
    settings.write_text(json.dumps(_SETTINGS), encoding="utf-8")
    start = ["unshare", "--mount", "sh", "-c", _START, "sh", str(root), "dockerd"]
    variables = {"PATH": f"{home / 'bin'}:{os.environ.get('PATH', os.defpath)}"}
    return Programs([*start, "--config-file", str(settings)], variables)


def _digest() -> str:
    return hashlib.sha256(" ".join((_SUITE, *_PACKAGES)).encode()).hexdigest()[:12]


def _make_root(root: Path) -> None:
    with unpacked(_PACKAGES, _SUITE) as made:
        for name, target in _LINKS.items():
            (made / "usr/sbin" / name).symlink_to(target)
        shutil.rmtree(made / "usr/share/doc")
        new = root.with_name(f"{root.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.move(made, new)
        new.rename(root)


def _link_client(root: Path, home: Path) -> None:
    (home / "bin").mkdir(exist_ok=True)
    (home / "config/cli-plugins").mkdir(parents=True, exist_ok=True)
    programs = [(root / "usr/bin/docker", home / "bin")]
    programs += [(each, home / "config/cli-plugins") for each in (root / _PLUGINS).iterdir()]
    for program, folder in programs:
        link = folder / program.name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
