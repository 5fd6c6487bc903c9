"""Servers that stand for the receivers of docs/receivers.md, and keep what they get."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.threads import served


@dataclass
class Received:
    """What arrived, in order.

    Attributes:
        port: Where the server listens, on 127.0.0.1.
        bodies: Of requests by path, as JSON.
        tokens: What the requests were authorized with.
        mails: Subject and text.
    """

    port: int = 0
    bodies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def http_receiver(address: str = "127.0.0.1") -> Iterator[Received]:
    """Serve HTTP for a block: each POST is answered 200."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.tokens.append(self.headers.get("Authorization", ""))
            received.bodies.setdefault(self.path, []).append(json.loads(body))
            self.send_response(200)
            self.end_headers()
            # As Slack says it.
            self.wfile.write(b"ok")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((address, 0), Handler) as server:
        received.port = server.server_address[1]
        with served(server):
            yield received


@contextmanager
def mail_receiver() -> Iterator[Received]:
    """Serve SMTP for a block: each message is taken."""
    received = Received()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._answer("220 here")
            for line in iter(self._line, ""):
                match line.split()[0].upper():
                    case "EHLO":
                        self._answer("250-here\r\n250 AUTH PLAIN LOGIN")
                    case "AUTH":
                        received.tokens.append(line.split()[-1])
                        self._answer("235 ok")
                    case "DATA":
                        self._answer("354 go on")
                        received.mails.append(_read_mail("\n".join(iter(self._line, "."))))
                        self._answer("250 ok")
                    case "QUIT":
                        self._answer("221 bye")
                        return
                    case _:
                        self._answer("250 ok")

        def _line(self) -> str:
            return self.rfile.readline().decode().rstrip("\r\n")

        def _answer(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        received.port = server.server_address[1]
        with served(server):
            yield received


def _read_mail(text: str) -> tuple[str, str]:
    message = message_from_string(text)
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    payloads = (part.get_payload(decode=True) for part in parts)
    body = "\n".join(each.decode() for each in payloads if isinstance(each, bytes))
    return str(message["Subject"]), body
