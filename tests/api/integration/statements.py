"""Which statements a test's database was sent, from the server's own log."""

import re

from tests.servers.postgres import PostgresServer

_EXECUTED = re.compile(r"LOG:  execute [^:]+: (.*?)(?=\n\d{4}-|\Z)", re.DOTALL)


async def log_statements(postgres: PostgresServer, database: str) -> None:
    """Have the server log every statement of new connections to a database."""
    connection = await postgres.connect("postgres")
    try:
        await connection.execute(f"ALTER DATABASE \"{database}\" SET log_statement = 'all'")
    finally:
        await connection.close()


class StatementLog:
    """The statements since this object was made."""

    def __init__(self, postgres: PostgresServer) -> None:
        self._file = postgres.log
        self._start = self._file.stat().st_size

    def matching(self, pattern: str) -> list[str]:
        """Return the statements that a regular expression is found in."""
        text = self._file.read_bytes()[self._start :].decode()
        statements = (" ".join(each.split()) for each in _EXECUTED.findall(text))
        return [each for each in statements if re.search(pattern, each)]
