"""Copies of the checkout's folders, for tests that change them."""

from pathlib import Path

_SHIPPED = "api"


def others(folder: str, names: list[str]) -> set[str]:
    """Return what a copy for `shutil.copytree` leaves out: what no test is about.

    That are caches, the inbox' program, and what teams have added: their specifications beside the
    shipped one, what is generated from them, and where their services are scraped.
    """
    left = {name for name in names if name in {"__pycache__", "inbox"}}
    if folder.endswith("prometheus/slo"):
        left |= {name for name in names if name.partition(".")[0] != _SHIPPED}
    elif folder.endswith("prometheus/targets"):
        left |= {name for name in names if name.endswith(".yml")}
    elif folder.endswith(("prometheus/rules", "prometheus/tests")):
        left |= {name for name in names if _is_of_others(Path(folder) / name)}
    return left


def _is_of_others(path: Path) -> bool:
    if not path.name.startswith("slo-"):
        return False
    with path.open(encoding="utf-8") as file:
        return f" from prometheus/slo/{_SHIPPED}.yml" not in file.readline()
