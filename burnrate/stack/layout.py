"""Where things are: the checkout, and the state directory with all that is made at run time."""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from burnrate.pinned import RELEASED, find_repository, repository_of
from burnrate.stack.errors import StackError

_STATE_NAME = ".burnrate"
_SHARED_STATE = Path("/var/lib/burnrate")
_ROOT_UID = 0
# sun_path holds 108 bytes with its closing zero; supervisord first binds `<name>.<pid>`.
_LONGEST_SOCKET_PATH = 107 - len(".4194304")


@dataclass(frozen=True)
class Layout:
    """The paths of one stack.

    Attributes:
        checkout: The folder with docker-compose.yml.
        state: The folder with all that is made at run time.
    """

    checkout: Path
    state: Path

    @property
    def project(self) -> Path:
        """The folder that is a person's: a team's repository, or the checkout itself."""
        return repository_of(self.checkout)

    @property
    def compose_file(self) -> Path:
        """The file that describes the stack."""
        return self.checkout / "docker-compose.yml"

    @property
    def env_file(self) -> Path:
        """The user's settings, as Compose reads them too."""
        return self.project / ".env"

    @property
    def secrets(self) -> Path:
        """Generated secrets, for the owner's eyes only."""
        return self.state / "secrets"

    @property
    def data(self) -> Path:
        """What the parts store: one folder a part."""
        return self.state / "data"

    @property
    def logs(self) -> Path:
        """What the parts print: one file a part."""
        return self.state / "logs"

    @property
    def etc(self) -> Path:
        """Configuration with this machine's addresses and paths: one folder a part."""
        return self.state / "etc"

    @property
    def run(self) -> Path:
        """Records and scratch space of the running stack."""
        return self.state / "run"

    def log(self, part: str) -> Path:
        """Return the file that has what `part` printed."""
        return self.logs / f"{part}.log"

    def data_folder(self, volume: str) -> Path:
        """Return the folder that stands for a named volume of docker-compose.yml."""
        return self.data / volume.removesuffix("-data")

    def socket(self) -> Path:
        """Return supervisord's control socket: in the state, or where its path is short enough."""
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        return Path("/tmp") / f"burnrate-{os.getuid()}-{_short_hash(self.state)}" / "sock"  # noqa: S108


def find_checkout(start: Path) -> Path:
    """Return the checkout around `start`, else the one this package is in.

    In a team's repository that is where `laid_together` puts one.

    Raises:
        StackError: there is neither.
    """
    if repository := find_repository(start):
        if (repository / RELEASED / "docker-compose.yml").is_file():
            return repository / RELEASED
        raise StackError(f"{repository / RELEASED} is not there yet: burnrate stack up")
    package = Path(__file__).resolve().parents[2]
    for candidate in (start, *start.parents, package):
        if (candidate / "docker-compose.yml").is_file() and (candidate / "burnrate").is_dir():
            return candidate
    raise StackError(f"no checkout of Burnrate at {start} or above it (no docker-compose.yml)")


def container_layout(checkout: Path) -> Layout:
    """Return the layout that docker-compose.yml mounts: the state is in the checkout."""
    return Layout(checkout, repository_of(checkout) / _STATE_NAME)


def process_layout(checkout: Path, environment: Mapping[str, str], uid: int) -> Layout:
    """Return the layout of plain processes.

    As root, PostgreSQL runs as a user of its own, who must be able to walk to its data: a checkout
    under a private directory, such as root's home, gets its state under /var/lib instead.

    Args:
        checkout: The folder with docker-compose.yml.
        environment: The user's settings; BURNRATE_STATE_DIR is where the state shall be.
        uid: Who starts the processes.

    Raises:
        StackError: the state would be where PostgreSQL cannot reach it.
    """
    project = repository_of(checkout)
    if chosen := environment.get("BURNRATE_STATE_DIR"):
        state = Path(os.path.abspath(project / chosen))  # noqa: PTH100 - symlinks stay as given
        if uid == _ROOT_UID and not is_open_to_all(state):
            raise StackError(
                f"BURNRATE_STATE_DIR {state} is in a private directory: "
                "as root, PostgreSQL runs as the user postgres, who cannot reach it"
            )
        return Layout(checkout, state)
    if uid == _ROOT_UID and not is_open_to_all(project / _STATE_NAME):
        return Layout(checkout, _SHARED_STATE / _short_hash(project))
    return container_layout(checkout)


def is_open_to_all(path: Path) -> bool:
    """Return whether any user can walk down to `path`, as far as it exists."""
    return all(
        step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents) if step.is_dir()
    )


def make_directory(path: Path, mode: int) -> None:
    """Create `path` and give it `mode`, whatever the umask."""
    path.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


def make_socket_directory(layout: Layout) -> None:
    """Create the control socket's directory.

    Raises:
        StackError: it is in a shared place, and somebody else's.
    """
    path = layout.socket().parent
    if path == layout.run:
        return
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StackError(f"{path} belongs to somebody else: set BURNRATE_STATE_DIR to a short path")


def remove_socket(layout: Layout) -> None:
    """Remove the control socket, and its directory if that was made for it alone."""
    socket = layout.socket()
    socket.unlink(missing_ok=True)
    if socket.parent != layout.run and socket.parent.is_dir():
        socket.parent.rmdir()


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
