"""Packages: installed without starting, enabling or touching anything."""

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.processes.packages import Packages

UNITS = {
    "nginx": "/lib/systemd/system/nginx.service\n",
    "redis-server": "/lib/systemd/system/redis-server.service\n/usr/bin/redis-server\n",
    "redis-tools": "/usr/bin/redis-cli\n",
    "postgresql-common": (
        "/lib/systemd/system/postgresql.service\n/lib/systemd/system/postgresql@.service\n"
    ),
}


@dataclass
class FakeApt:
    """A package manager that installs at once, and notes what it was asked."""

    installed: set[str] = field(default_factory=lambda: {"base-files", "nginx"})
    fails_until_updated: bool = False
    fails_always: bool = False
    during_install: Callable[[], None] = lambda: None
    commands: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str], log: Path) -> int:
        """Play the command."""
        self.commands.append(list(command))
        if command[:2] == ["apt-get", "update"]:
            self.fails_until_updated = False
        elif command[:2] == ["apt-get", "install"]:
            self.during_install()
            if self.fails_until_updated or self.fails_always:
                with log.open("a", encoding="utf-8") as file:
                    file.write("Reading\nE: Unable to locate package redis-server\n")
                return 100
            self.installed |= {"redis-server", "redis-tools", "postgresql-common"}
        return 0

    def output(self, command: Sequence[str]) -> str:
        """Answer dpkg's questions."""
        if command[0] == "dpkg-query":
            rows = [f"ii  {name}" for name in sorted(self.installed)]
            return "\n".join([*rows, "rc  gone"]) + "\n"
        return UNITS.get(command[-1], "")

    def names(self) -> list[list[str]]:
        """Return the commands' first two words."""
        return [command[:2] for command in self.commands]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Debian's root directory, as far as we look at it."""
    for directory in ("etc", "usr/bin", "usr/sbin", "var/log"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc/debian_version").write_text("12.5\n", encoding="utf-8")
    (tmp_path / "usr/bin/apt-get").touch()
    return tmp_path


def _policy(root: Path) -> Path:
    return root / "usr/sbin/policy-rc.d"


def test_while_packages_are_installed_no_service_may_start(root: Path) -> None:
    """A policy that answers 101 is in place during the run, and only then."""
    seen: list[tuple[str, int]] = []

    def look() -> None:
        policy = _policy(root)
        mode = stat.S_IMODE(policy.stat().st_mode)
        seen.append((policy.read_text(encoding="utf-8").splitlines()[-1], mode))

    Packages(FakeApt(during_install=look), root).install(["redis-server"])
    assert seen == [("exit 101", 0o755)]
    assert list((root / "usr/sbin").iterdir()) == []


@pytest.mark.parametrize("fails", [False, True])
def test_an_administrators_policy_is_put_back(root: Path, *, fails: bool) -> None:
    """With its content and its mode, also when the installation fails."""
    policy = _policy(root)
    policy.write_text("#!/bin/sh\nexit 104\n", encoding="utf-8")
    policy.chmod(0o750)
    packages = Packages(FakeApt(fails_always=fails), root)
    if fails:
        with pytest.raises(StackError):
            packages.install(["redis-server"])
    else:
        packages.install(["redis-server"])
    assert policy.read_text(encoding="utf-8") == "#!/bin/sh\nexit 104\n"
    assert stat.S_IMODE(policy.stat().st_mode) == 0o750
    assert [path.name for path in policy.parent.iterdir()] == ["policy-rc.d"]


def test_a_policy_that_is_a_link_is_put_back_as_a_link(root: Path) -> None:
    """Debian's alternatives manage it by a symbolic link, which may even dangle."""
    _policy(root).symlink_to("/nowhere/policy")
    Packages(FakeApt(), root).install(["redis-server"])
    assert _policy(root).readlink() == Path("/nowhere/policy")


def test_a_policy_that_a_killed_run_left_aside_comes_back(root: Path) -> None:
    """Neither is our policy kept as theirs, nor is theirs lost."""

    class KilledError(BaseException):
        """Stands for a process that is gone in the middle."""

    before = "#!/bin/sh\nexit 0\n"
    _policy(root).write_text(before, encoding="utf-8")
    ours: list[str] = []

    def copy() -> None:
        ours.append(_policy(root).read_text(encoding="utf-8"))
        raise KilledError

    with pytest.raises(KilledError):
        Packages(FakeApt(during_install=copy), root).install(["redis-server"])
    _policy(root).rename(_policy(root).with_name("policy-rc.d.before-burnrate"))
    _policy(root).write_text(ours[0], encoding="utf-8")

    Packages(FakeApt(), root).install(["redis-server"])
    assert _policy(root).read_text(encoding="utf-8") == before


def test_the_lists_are_fetched_only_when_the_package_is_not_known(root: Path) -> None:
    """A machine with current lists is spared the update."""
    current, stale = FakeApt(), FakeApt(fails_until_updated=True)
    Packages(current, root).install(["redis-server"])
    Packages(stale, root).install(["redis-server"])
    assert ["apt-get", "update"] not in current.names()
    assert stale.names()[:3] == [
        ["apt-get", "install"],
        ["apt-get", "update"],
        ["apt-get", "install"],
    ]


def test_a_failure_is_one_line_with_apts_reason_and_the_log(root: Path) -> None:
    """The reason is apt's own, the log is named."""
    with pytest.raises(StackError) as caught:
        Packages(FakeApt(fails_always=True), root).install(["redis-server"])
    assert "apt-get install redis-server: E: Unable to locate package" in str(caught.value)
    assert str(root / "var/log/burnrate-install.log") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_under_systemd_only_units_of_new_packages_are_disabled(root: Path) -> None:
    """Of nginx, which was there before, the unit is the administrator's."""
    (root / "run/systemd/system").mkdir(parents=True)
    apt = FakeApt()
    Packages(apt, root).install(["redis-server"])
    systemctl = [command for command in apt.commands if command[0] == "systemctl"]
    assert systemctl == [
        # A template has no instance that could be disabled.
        ["systemctl", "disable", "postgresql.service"],
        ["systemctl", "disable", "redis-server.service"],
    ]


def test_without_systemd_no_unit_is_touched(root: Path) -> None:
    """In a container there is none to ask."""
    apt = FakeApt()
    Packages(apt, root).install(["redis-server"])
    assert {command[0] for command in apt.commands} == {"apt-get"}


def test_without_root_the_packages_and_the_command_are_named(root: Path) -> None:
    """Nothing is run; the line can be copied."""
    apt = FakeApt()
    with pytest.raises(StackError, match=r"not installed: nginx, redis-server; .*sudo .*install"):
        Packages(apt, root, uid=1000).install(["nginx", "redis-server"])
    assert apt.commands == []


def test_elsewhere_than_on_debian_the_packages_are_named(tmp_path: Path) -> None:
    """Other systems have other package managers."""
    with pytest.raises(StackError, match="not installed: redis-server"):
        Packages(FakeApt(), tmp_path).install(["redis-server"])
