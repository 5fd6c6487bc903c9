"""Examples that Schemathesis makes of both OpenAPI documents, sent to the real services."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.alerting.servers import TOKEN, InboxProcess
from tests.servers.api import running_api
from tests.servers.postgres import running_postgres
from tests.servers.redis import running_redis
from tests.support.waiting import PATIENCE_SECONDS

# By default few enough for every run; SCHEMATHESIS_EXAMPLES=1000 is the full measurement.
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "20"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900 + 10 * EXAMPLES)]


def examine(folder: Path, url: str, *options: str) -> dict[str, Any]:
    """Run all phases, which must find nothing; return the report."""
    report = folder / "report.json"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json",
        "--max-examples", str(EXAMPLES),
        "--request-timeout", str(PATIENCE_SECONDS),
        "--checks", ",".join(CHECKS),
        "--continue-on-failure",
        "--warnings", "off",
        "--no-color",
        "--report", "json",
        "--report-json-path", str(report),
        *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr
    content: dict[str, Any] = json.loads(report.read_text())
    assert content["operations"]["tested"] == content["operations"]["selected"]
    assert content["test_cases"]["generated"] >= content["operations"]["tested"] > 0
    return content


def test_service_answers_as_its_document_says(tmp_path: Path) -> None:
    """No 5xx, and no status, content type or body that the document does not name."""
    with running_postgres() as postgres, running_redis() as redis:
        asyncio.run(postgres.create_database("burnrate"))
        settings = {
            "DATABASE_HOST": postgres.host,
            "DATABASE_PORT": str(postgres.port),
            "REDIS_HOST": redis.host,
            "REDIS_PORT": str(redis.port),
            "RATE_LIMIT_PER_MINUTE": "10000000",
            "RATE_LIMIT_PROCESS_PER_MINUTE": "10000000",
            "WEB_CONCURRENCY": "2",
        }
        with running_api(**settings) as api:
            examine(tmp_path, api.base_url)
            assert not [line for line in api.log_lines() if line["level"] in ("error", "critical")]


def test_inbox_answers_as_its_document_says(tmp_path: Path) -> None:
    """The same; without the stream of changes, which has no end."""
    inbox = InboxProcess(tmp_path)
    inbox.start()
    try:
        header = ("-H", f"Authorization: Bearer {TOKEN}")
        report = examine(tmp_path, inbox.url, *header, "--exclude-path", "/events")
        # Its schema makes payloads that are stored, not only ones that are refused.
        assert report["valid_rates"]["POST /webhooks/alertmanager"]["fuzzing"]["accepted"] > 0
    finally:
        inbox.stop()
