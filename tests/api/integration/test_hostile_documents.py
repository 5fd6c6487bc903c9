"""Servers of documents that want `POST /process` to fail, to work for ever or to remember."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api
from tests.support.waiting import wait_until

MEGABYTE = 1024 * 1024
# What documents are made of.
_UNITS = {"digits": b"a" * 64, "reference": b"&#" + b"1" * 5_000 + b";", "names": b"&" + b"a" * 31}
# Of each flood, how many megabytes were taken.
_floods: list[int] = []


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Serve what the query asks for."""
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.send_response(int(wanted.get("status", "200")))
        for header in ("Content-Type", "Location", "Set-Cookie"):
            if header in wanted:
                self.send_header(header, wanted[header])
        self.end_headers()
        if "megabytes" in wanted:
            self._flood(int(wanted["megabytes"]))
            return
        unit = _UNITS.get(wanted.get("unit", ""), b"")
        self.wfile.write(unit * (int(wanted.get("bytes", "0")) // len(unit or b"x")))
        self.wfile.write(b" cookies: " + self.headers.get("Cookie", "none").encode())

    def _flood(self, megabytes: int) -> None:
        sent = 0
        with contextlib.suppress(OSError):
            while sent < megabytes:
                self.wfile.write(bytes(MEGABYTE))
                sent += 1
        _floods.append(sent)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """Serve on the loopback interface and return the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def settings(backends: dict[str, str], pages: str) -> dict[str, str]:
    """Return the settings of a service that may fetch from there."""
    return {
        **backends,
        "PROCESS_ALLOWED_HOSTS": pages,
        "RATE_LIMIT_PROCESS_PER_MINUTE": "100000",
        "WEB_CONCURRENCY": "1",
    }


@pytest.fixture(scope="module")
def api(settings: dict[str, str]) -> Iterator[ApiServer]:
    """Run the service with one worker."""
    with running_api(**settings) as server:
        yield server


def _process(api: ApiServer, pages: str, **wanted: str) -> httpx2.Response:
    url = str(httpx2.URL(f"http://{pages}/", params=wanted))
    with api.client() as client:
        return client.post("/process", json={"url": url})


@pytest.mark.parametrize(
    "charset", ["idna", "undefined", "punycode", "utf-7", "hex", "rot13", "mbcs", "x" * 1_000]
)
def test_charset_of_no_document_is_refused(api: ApiServer, pages: str, charset: str) -> None:
    """With a reason, and four at once as quickly as one: the megabyte is not looked at."""

    def process(_: int) -> httpx2.Response:
        content_type = f"text/plain; charset={charset}"
        size = str(MEGABYTE - 100)
        return _process(api, pages, unit="digits", bytes=size, **{"Content-Type": content_type})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(process, range(4)))
    assert [answer.status_code for answer in answers] == [422] * 4
    assert answers[0].json()["details"][0]["msg"] == "The document's charset is not known"


@pytest.mark.parametrize("unit", ["reference", "names"])
def test_references_that_python_does_not_read_are_no_failure(
    api: ApiServer, pages: str, unit: str
) -> None:
    """Whatever a page is made of, it has statistics."""
    html = {"Content-Type": "text/html; charset=iso-8859-1"}
    answer = _process(api, pages, unit=unit, bytes="190000", **html)
    assert answer.status_code == 200, answer.text


def test_body_of_a_redirect_is_not_read(api: ApiServer, pages: str) -> None:
    """Its length would be the server's choice."""
    _floods.clear()
    answer = _process(api, pages, status="302", Location="/?bytes=0", megabytes="200")
    assert answer.status_code == 200, answer.text
    wait_until(lambda: bool(_floods), "the end of the redirect's body")
    assert _floods[0] < 20  # what the kernel keeps for both


def test_cookies_of_a_document_are_forgotten(api: ApiServer, pages: str) -> None:
    """One client's fetch must not carry what another's has left."""
    for _ in range(2):
        answer = _process(api, pages, **{"Set-Cookie": "session=secret; Path=/"})
        words = [keyword["word"] for keyword in answer.json()["keywords"]]
        assert words == ["cookies", "none"]


def test_analysis_that_takes_too_long_ends(settings: dict[str, str]) -> None:
    """503 and when to come again; the thread is free for the next one."""
    hasty = {"PROCESS_COMPUTE_TIMEOUT_SECONDS": "0.001", "PROCESS_EXECUTOR_THREADS": "1"}
    with running_api(**settings, **hasty) as api, api.client() as client:
        for _ in range(3):
            answer = client.post("/process", json={"text": "a b " * 50_000})
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "2"
        assert 'pool_connections{pool="cpu",state="used"} 0.0' in client.get("/metrics").text
