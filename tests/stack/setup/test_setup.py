"""All volumes, made from a checkout."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from burnrate.stack.errors import StackError
from burnrate.stack.setup import Setup
from tests.servers.checkout import IGNORED, ROOT

_FOLDERS = ("alerting", "alloy", "grafana", "loki", "nginx", "postgres", "prometheus", "tempo")
OWN = f"{os.getuid()}:{os.getgid()}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of the checkout setup reads, for a user who may give nothing away."""
    path = tmp_path_factory.mktemp("tree") / "checkout"
    path.mkdir()
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, path / name, ignore=IGNORED)
    shutil.copy(ROOT / "burnrate.yml", path)
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    for service in document["services"].values():
        service["user"] = OWN
    (path / "docker-compose.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


class World:
    """A checkout and its volumes."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.checkout = folder / "checkout"
        shutil.copytree(tree, self.checkout)
        self.volumes = folder / "volumes"
        document = yaml.safe_load((tree / "docker-compose.yml").read_text(encoding="utf-8"))
        for name in document["volumes"]:
            (self.volumes / name).mkdir(parents=True)
        self.said: list[str] = []

    def run(self, **settings: str) -> list[str]:
        """Run setup; returns what it says."""
        self.said.clear()
        Setup(self.checkout, self.volumes, settings, self.said.append).run()
        return self.said

    @property
    def setup(self) -> Setup:
        """The service, without settings."""
        return Setup(self.checkout, self.volumes, {}, self.said.append)

    def secret(self, part: str, name: str) -> str:
        """Return a part's secret."""
        return (self.volumes / f"{part}-config/secrets/{name}").read_text(encoding="utf-8")


@pytest.fixture
def world(tree: Path, tmp_path: Path) -> World:
    """A fresh clone, and volumes that hold nothing."""
    return World(tree, tmp_path)


def _old_state(world: World, marker: str | None = "containers") -> Path:
    state = world.checkout / ".burnrate"
    (state / "data/postgres/pgdata").mkdir(parents=True)
    (state / "data/postgres/pgdata/PG_VERSION").write_text("17\n")
    (state / "secrets").mkdir()
    (state / "secrets/postgres_password").write_text("old")
    if marker:
        (state / "data/.mode").write_text(f"{marker}\n")
    return state


def test_each_part_gets_its_files_and_the_secrets_it_shares(world: World) -> None:
    """One value for all who need it, and in no other volume."""
    world.run()
    assert world.secret("api", "postgres_password") == world.secret("postgres", "postgres_password")
    assert world.secret("inbox", "inbox_token") == world.secret("alertmanager", "inbox_token")
    assert not (world.volumes / "nginx-config/secrets").exists()
    holders = {p.parts[-3] for p in world.volumes.glob("*/secrets/grafana_admin_password")}
    assert holders == {"grafana-config"}
    assert (world.volumes / "prometheus-config/rules/slo-api.yml").is_file()
    assert (world.volumes / "loki-config/rules/fake/errors.yml").is_file()


def test_a_second_start_changes_nothing_and_says_so(world: World) -> None:
    """Secrets are never replaced; what did not change is not named."""
    world.run()
    before = {p: p.read_bytes() for p in world.volumes.rglob("*") if p.is_file()}
    assert world.run() == []
    assert {p: p.read_bytes() for p in world.volumes.rglob("*") if p.is_file()} == before


def test_what_changed_is_named_with_its_part(world: World) -> None:
    """A port moves the links of every rule."""
    world.run()
    (world.checkout / "nginx/nginx.conf").write_text("events {}\n")
    assert world.run() == ["nginx: nginx.conf"]
    moved = world.run(DOOR_PORT="13000")
    assert {line.split(":")[0] for line in moved} == {"prometheus", "loki"}


def test_a_reload_stages_takes_and_puts_back(world: World) -> None:
    """Of all parts or some; each step is a run of its own."""
    world.run()
    config = world.volumes / "nginx-config/nginx.conf"
    shipped = config.read_text()
    (world.checkout / "nginx/nginx.conf").write_text("events {}\n")

    changes = world.setup.stage([])
    assert {part: names for part, names in changes.items() if names} == {"nginx": ["nginx.conf"]}
    assert {"redis", "grafana", "docker-proxy"} <= changes.keys()
    assert "nginx-exporter" not in changes
    assert config.read_text() == shipped
    assert world.setup.stage(["nginx"]) == {"nginx": ["nginx.conf"]}

    world.setup.take(["nginx"])
    assert config.read_text() == "events {}\n"
    world.setup.put_back(["nginx"])
    assert config.read_text() == shipped
    assert world.run() == ["nginx: nginx.conf"]
    assert not [path for path in config.parent.iterdir() if path.name in {"next", "previous"}]


def test_no_secret_is_said(world: World) -> None:
    """What it prints is kept in the engine's log."""
    said = "\n".join(world.run())
    values = {path.read_text().strip() for path in (world.volumes / "secrets").iterdir()}
    assert len(values) >= 5
    assert not [value for value in values if value in said]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda w: (w.checkout / "burnrate.yml").write_text("low_budget: 2\n"), "low_budget: "),
        (lambda w: (w.checkout / "nginx/nginx.conf").unlink(), "nginx.conf does not exist"),
        (lambda w: (w.volumes / "loki-config").rmdir(), "setup needs the volume loki-config"),
    ],
)
def test_what_is_wrong_with_a_fresh_checkout_is_one_line(
    world: World, break_it: Callable[[World], object], reason: str
) -> None:
    """File, place, reason."""
    break_it(world)
    with pytest.raises(StackError, match=reason):
        world.run()


def test_what_is_wrong_later_leaves_the_volumes_as_they_were(world: World) -> None:
    """What runs goes on running, and comes back after a restart."""
    world.run()
    before = {p: p.read_bytes() for p in world.volumes.rglob("*") if p.is_file()}
    (world.checkout / "nginx/nginx.conf").write_text("events {}\n")
    (world.checkout / "prometheus/slo/api.settings.yml").write_text("job: api\n")
    with pytest.raises(StackError, match=r"api\.settings\.yml:1: version: "):
        world.run()
    assert {p: p.read_bytes() for p in world.volumes.rglob("*") if p.is_file()} == before


def test_an_address_in_burnrate_yml_alone_is_named_with_its_variable(world: World) -> None:
    """A plain `docker compose up` would give the parts another one."""
    file = world.checkout / "burnrate.yml"
    default = "${GRAFANA_URL:-http://localhost:${DOOR_PORT:-8090}/grafana}"
    file.write_text(file.read_text().replace(default, "https://graphs.example.org/"))
    with pytest.raises(StackError, match=r"write GRAFANA_URL=https://graphs\.example\.org into"):
        world.run(GRAFANA_URL="http://localhost:8090/grafana")
    world.run(GRAFANA_URL="https://graphs.example.org/")


def test_a_persons_secret_is_copied_and_follows_its_file(world: World) -> None:
    """A receiver's password is not ours to make up."""
    file = world.checkout / "docker-compose.yml"
    document = yaml.safe_load(file.read_text())
    document["services"]["alertmanager"]["x-secrets"].append("slack_url")
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(StackError, match=r"no secret slack_url: write it to \.burnrate/secrets"):
        world.run()
    folder = world.checkout / ".burnrate/secrets"
    folder.mkdir(parents=True)
    for value in ("one", "two"):
        (folder / "slack_url").write_text(value)
        world.run()
        assert world.secret("alertmanager", "slack_url") == value


@pytest.mark.parametrize("marker", ["containers", None])
def test_secrets_and_data_of_earlier_containers_are_taken_over(
    world: World, marker: str | None
) -> None:
    """Once: what was stored since is not replaced by the old copy."""
    state = _old_state(world, marker)
    said = world.run()
    assert world.secret("api", "postgres_password") == "old"
    version = world.volumes / "postgres-data/pgdata/PG_VERSION"
    assert version.read_text() == "17\n"
    assert f"{state / 'data'} is copied into volumes" in "\n".join(said)

    version.write_text("18\n")
    assert world.run() == []
    assert version.read_text() == "18\n"


def test_a_copy_that_was_cut_off_is_made_anew(world: World) -> None:
    """Half a database is none."""
    _old_state(world)
    (world.volumes / "secrets/.taking-over").touch()
    (world.volumes / "postgres-data/half").touch()
    world.run()
    assert not (world.volumes / "postgres-data/half").exists()
    assert (world.volumes / "postgres-data/pgdata/PG_VERSION").is_file()
    assert not (world.volumes / "secrets/.taking-over").exists()


def test_a_database_in_use_is_not_copied(world: World) -> None:
    """It changes while it is read."""
    state = _old_state(world)
    (state / "data/postgres/pgdata/postmaster.pid").touch()
    with pytest.raises(StackError, match="PostgreSQL is not stopped: docker compose down"):
        world.run()
    assert list((world.volumes / "postgres-data").iterdir()) == []


def test_data_of_processes_is_named_and_left(world: World) -> None:
    """Their versions are others."""
    _old_state(world, "processes")
    assert any("is of plain processes, which containers do not use" in line for line in world.run())
    assert list((world.volumes / "postgres-data").iterdir()) == []


def test_new_secrets_for_old_data_are_refused(world: World) -> None:
    """PostgreSQL would know another password, and the service would wait for it for ever."""
    world.run()
    (world.volumes / "postgres-data/pgdata").mkdir()
    for path in (world.volumes / "secrets").iterdir():
        path.unlink()
    with pytest.raises(StackError, match="secrets is empty, and postgres-data was made with"):
        world.run()
