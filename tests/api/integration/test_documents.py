"""`POST /process` with a real executor and a real server to fetch from."""

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api, wait_until_in_progress
from tests.support.waiting import PATIENCE_SECONDS, wait_until, wait_until_async

_PAGE = b"<html><title>Budgets</title><script>no()</script><p>Budgets burn.</p></html>"


class _Pages(BaseHTTPRequestHandler):
    may_end = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/never":
            self.may_end.wait()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """Serve a page on the loopback interface and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    _Pages.may_end.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where the service keeps its documents."""
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def api(backends: dict[str, str], pages: str, workspace: Path) -> Iterator[ApiServer]:
    """Run the service with one worker, one thread and one place to wait for it."""
    settings = {
        "PROCESS_ALLOWED_HOSTS": pages,
        "PROCESS_EXECUTOR_THREADS": "1",
        "PROCESS_EXECUTOR_PENDING": "1",
        "PROCESS_EXECUTOR_TIMEOUT_SECONDS": "600",
        "PROCESS_FETCH_TIMEOUT_SECONDS": "600",
        "PROCESS_TIMEOUT_SECONDS": "600",
        "GRACEFUL_TIMEOUT_SECONDS": "1",
        "RATE_LIMIT_PROCESS_PER_MINUTE": "1000",
        "WEB_CONCURRENCY": "1",
        "FAULTS_ENABLED": "true",
        "TMPDIR": str(workspace),
    }
    with running_api(**backends, **settings) as server:
        yield server


def test_page_is_fetched_analysed_and_cleaned_up(
    api: ApiServer, pages: str, workspace: Path
) -> None:
    """In the background, after the answer, and counted."""
    with api.client() as client:
        response = client.post("/process", json={"url": f"http://{pages}/page"})
        assert response.status_code == 200
        assert response.json()["keywords"][0] == {"word": "budgets", "count": 2}
        wait_until(lambda: not _files(workspace), "the clean-up")
        metrics = client.get("/metrics").text
    assert 'background_tasks_total{outcome="ok",task="clean_up_document"} ' in metrics
    assert 'background_tasks_total{outcome="error",task="clean_up_document"} 0.0' in metrics


def test_page_that_may_not_be_fetched_leaves_nothing_behind(
    api: ApiServer, workspace: Path
) -> None:
    """An error's answer has no background tasks."""
    with api.client() as client:
        for url in ("http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://0/"):
            response = client.post("/process", json={"url": url})
            assert response.status_code == 422, url
            assert response.json()["details"][0]["loc"] == ["body", "url"]
    assert not _files(workspace)


@pytest.mark.parametrize(
    "body", [{}, {"text": "a", "url": "http://a.example/"}, {"text": ""}, {"url": "ftp://a/"},
             {"url": "file:///etc/passwd"}, {"text": "\ud800"}, {"text": "x" * 200_001}]
)  # fmt: skip
def test_wrong_document_is_a_validation_error(api: ApiServer, body: dict[str, str]) -> None:
    """Before any work is done."""
    # Not as the client encodes it: that one refuses half a surrogate pair itself.
    content = json.dumps(body).encode()
    with api.client(headers={"Content-Type": "application/json"}) as client:
        assert client.post("/process", content=content).status_code == 422


def test_executor_that_is_full_refuses_at_once(api: ApiServer) -> None:
    """One works, one waits, the rest hear when to come again; nothing else is held up."""
    responses, alive = asyncio.run(_overload(api))
    assert Counter(response.status_code for response in responses) == {200: 1, 503: 7}
    refused = next(response for response in responses if response.status_code == 503)
    assert refused.headers["Retry-After"] == "2"
    assert refused.json()["error"] == "executor is unavailable"
    assert alive.status_code == 200


async def _overload(api: ApiServer) -> tuple[list[httpx2.Response], httpx2.Response]:
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=PATIENCE_SECONDS) as client:
        burn = {"tasks": 1, "seconds": 5}
        burning = asyncio.create_task(client.post("/faults/burn", json=burn))
        await wait_until_async(lambda: _is_at_work(client), "the thread at work")
        document = {"text": "Budgets burn."}
        posts = [asyncio.create_task(client.post("/process", json=document)) for _ in range(8)]
        await wait_until_async(lambda: sum(post.done() for post in posts) == 7)
        alive = await client.get("/health/live")
        assert not burning.done()
        responses = await asyncio.gather(*posts)
        await burning
        return responses, alive


async def _is_at_work(client: httpx2.AsyncClient) -> bool:
    metrics = (await client.get("/metrics")).text
    return 'pool_connections{pool="cpu",state="used"} 1.0' in metrics.splitlines()


def test_document_of_a_worker_that_leaves_is_turned_away(
    api: ApiServer, pages: str, workspace: Path
) -> None:
    """Not met with a failure: the next attempt finds another worker."""
    answer = asyncio.run(_leave(api, pages))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["error"] == "Too busy"
    wait_until(lambda: not _files(workspace), "the clean-up")


async def _leave(api: ApiServer, pages: str) -> httpx2.Response:
    [worker] = api.worker_pids()
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=PATIENCE_SECONDS) as client:
        url = f"http://{pages}/never"
        post = asyncio.create_task(client.post("/process", json={"url": url}))
        await wait_until_in_progress(client, 1)
        os.kill(worker, signal.SIGTERM)
        return await post


def _files(workspace: Path) -> list[Path]:
    return [path for path in workspace.glob("burnrate-documents-*/*") if path.is_file()]
