"""The images of docker-compose.yml: pulled, or else stood in for, or else absent."""

import ast
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.containers.debian import (
    NGINX_ROOT_IMAGE,
    ROOT_IMAGE,
    ensure_compose,
    make_root_images,
)
from tests.containers.engine import Engine, Unavailable
from tests.containers.programs import can_stand_in, copy_programs
from tests.servers.checkout import ROOT

_STAND_INS = Path(__file__).parent / "standins"
# `#NAME_IMAGE=name:tag` in .env.example
_IMAGE = re.compile(r"^#([A-Z_]+)_IMAGE=(\S+)$", re.MULTILINE)
_OWN = "BURNRATE"
_OWN_IMAGE = "burnrate:test"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "timeout")


@dataclass(frozen=True)
class Images:
    """What each image of docker-compose.yml is here, by the first word(s) of its variable."""

    pulled: Mapping[str, str]
    stand_ins: Mapping[str, str]
    absent: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """The variables that make docker-compose.yml use them."""
        used = {**self.pulled, **self.stand_ins, _OWN: _OWN_IMAGE}
        return {f"{name}_IMAGE": image for name, image in used.items()}

    def absent_parts(self) -> dict[str, str]:
        """Return the parts that have no image, with its name."""
        document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
        found = {}
        for part, service in document["services"].items():
            variable = service["image"].removeprefix("${").partition("_IMAGE:")[0]
            if variable in self.absent:
                found[part] = self.absent[variable]
        return found

    def summary(self) -> list[str]:
        """Return what a report has to say of them."""
        rows = {
            "pulled": self.pulled.values(),
            "stand-ins": (name.lower() for name in self.stand_ins),
            "no image": self.absent.values(),
        }
        return [f"{what}: {', '.join(names) or '-'}" for what, names in rows.items()]


def make_images(engine: Engine, *, are_real: bool = False) -> Images:
    """Pull what can be pulled and build stand-ins for the rest.

    Args:
        engine: Pulls and builds them.
        are_real: Whether to do without stand-ins.

    Raises:
        Unavailable: Some cannot be pulled and no stand-in is wanted, or none can be made.
    """
    wanted = _wanted()
    with ThreadPoolExecutor(len(wanted)) as pool:
        is_there = pool.map(lambda image: _pull(engine, image), wanted.values())
        pulled = {name for name, found in zip(wanted, is_there, strict=True) if found}
    missing = wanted.keys() - pulled
    if are_real and missing:
        names = ", ".join(wanted[name] for name in sorted(missing))
        raise Unavailable(f"cannot be pulled: {names}")
    stood_in = sorted(name for name in missing if can_stand_in(_target(name)))
    if stood_in:
        make_root_images(engine)
    ensure_compose(engine)
    # `docker compose up` keeps an image that is there, and a former run's is of other code.
    engine.docker("image", "rm", "--force", _OWN_IMAGE)
    if stood_in:
        _build(engine, [_target(name) for name in stood_in])
    return Images(
        pulled={name: wanted[name] for name in sorted(pulled)},
        stand_ins={name: f"burnrate-stand-in/{_target(name)}" for name in stood_in},
        absent={name: wanted[name] for name in sorted(missing - set(stood_in))},
    )


def _wanted() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    images = {name: image for name, image in _IMAGE.findall(text) if name != _OWN}
    return {name: os.environ.get(f"{name}_IMAGE", image) for name, image in images.items()}


def _pull(engine: Engine, image: str) -> bool:
    return engine.has_image(image) or engine.docker("pull", "--quiet", image).returncode == 0


def _target(name: str) -> str:
    return name.lower().replace("_", "-")


def _build(engine: Engine, targets: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="burnrate-stand-ins-") as folder:
        context = Path(folder) / "context"
        shutil.copytree(_STAND_INS, context)
        _write_machine(context / "machine")
        copy_programs(targets, context / "programs")
        file = str(context / "compose.yml")
        roots = {"ROOT": ROOT_IMAGE, "NGINX_ROOT": NGINX_ROOT_IMAGE}
        engine.output("compose", "--file", file, "build", *targets, **roots)


def _write_machine(folder: Path) -> None:
    """Write what lets pip reach its index as it does here: its settings, and whom to trust."""
    (folder / _BUNDLE).parent.mkdir(parents=True)
    shutil.copy(ssl.get_default_verify_paths().cafile or f"/{_BUNDLE}", folder / _BUNDLE)
    lines = ["[global]", f"cert = /{_BUNDLE}"]
    lines += [f"{name} = {value}" for name, value in _pip_settings().items()]
    (folder / "etc/pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pip_settings() -> dict[str, str]:
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    rows = (line.partition("=") for line in listing.splitlines())
    found = {name.rpartition(".")[2]: ast.literal_eval(value) for name, _, value in rows if value}
    # A file is not there in the build.
    return {n: str(found[n]) for n in _PIP_SETTINGS if n in found and "file:" not in str(found[n])}
