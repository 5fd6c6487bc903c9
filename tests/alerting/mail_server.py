"""A mail server that wants encryption first and a login then, as those of providers do."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from burnrate.stack import free_port


@dataclass
class MailServer:
    """What arrived, in order.

    Attributes:
        certificate: Of the server, which a client has to trust.
        logins: Names and passwords.
        was_plain: Subjects of what came without encryption.
    """

    port: int
    certificate: Path
    subjects: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    was_plain: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - the library's
        """Take a message."""
        subject = str(message_from_bytes(envelope.content)["Subject"])
        self.subjects.append(subject)
        if session.ssl is None:
            self.was_plain.append(subject)
        return "250 taken"

    def authenticate(self, *arguments: Any) -> AuthResult:  # noqa: ANN401 - the library's
        """Take any login."""
        data = arguments[-1]
        if isinstance(data, LoginPassword):
            self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


@contextmanager
def mail_server(folder: Path) -> Iterator[MailServer]:
    """Serve SMTP for a block, with a certificate made in `folder`."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-keyout", str(key), "-out", str(certificate),
            "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = MailServer(free_port(), certificate)
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        tls_context=context,
        require_starttls=True,
        authenticator=server.authenticate,
        auth_required=True,
        # Its prompts are not those that Alertmanager expects.
        auth_exclude_mechanism=["LOGIN"],
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
