"""Stands in for Grafana, Loki, Tempo and Alloy: reads its arguments as they would, and answers.

It ends with a line that names what it does not find: a path of its arguments or of its variables,
or, as Alloy, files to read in the folder it is given, which must not be a symbolic link.
"""

import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PATH = re.compile(r"(?:^|(?<=[={]))/[^}]+")
# Not the program's own: the whole stack gets them.
_SYSTEM_VARIABLES = {"PATH", "HOME", "TMPDIR"}


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    # Spans and log lines.
    do_POST = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        pass


def _named_paths(name: str) -> list[Path]:
    variables = [value for key, value in os.environ.items() if key not in _SYSTEM_VARIABLES]
    words = sys.argv[1:]
    if name == "grafana":
        # Its pages come with the program, and this is none.
        del words[words.index("--homepath") + 1]
    found = (match[0] for word in (*words, *variables) for match in _PATH.finditer(word))
    return [Path(path) for path in found if not _is_made_by_the_program(Path(path))]


def _is_made_by_the_program(path: Path) -> bool:
    return "data" in path.parts and path.parent.is_dir()


def _port(name: str) -> int:
    if name == "grafana":
        return int(os.environ["GF_SERVER_HTTP_PORT"])
    if name == "alloy":
        (address,) = (w for w in sys.argv if w.startswith("--server.http.listen-addr="))
        return int(address.rpartition(":")[2])
    (config,) = (w for w in sys.argv if w.startswith("-config.file="))
    text = Path(config.partition("=")[2]).read_text(encoding="utf-8")
    return int(re.findall(r"http_listen_port: (\d+)", text)[0])


def main() -> None:
    """Check, then answer every request with 200."""
    name = Path(sys.argv[0]).name
    if missing := [str(path) for path in _named_paths(name) if not path.exists()]:
        sys.exit(f"not found: {', '.join(missing)}")
    if name == "alloy":
        folder = Path(sys.argv[-1])
        files = [] if folder.is_symlink() else sorted(path.name for path in folder.glob("*.alloy"))
        if not files:
            sys.exit(f"no *.alloy in {folder}")
        sys.stdout.write(f"reads {', '.join(files)}\n")
        sys.stdout.flush()
    ThreadingHTTPServer(("127.0.0.1", _port(name)), _Healthy).serve_forever()


if __name__ == "__main__":
    main()
