"""Who takes gzip, and that a scrape's answer is what its scraper takes."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from burnrate.telemetry import instrument
from burnrate.telemetry.content_coding import accepts_gzip

_YES = (
    "gzip",
    "GZip",
    "x-gzip",
    "deflate, gzip",
    "br;q=1.0,gzip;q=0.8",
    "gzip ; q=0.001",
    "gzip;q=1",
    "*",
    "*;q=0.5, br",
    "identity;q=0, gzip",
    "gzip, *;q=0",
)
_NO = (
    "",
    "identity",
    "br",
    "xgzip",
    "gzip2",
    "gzip;q=0",
    "gzip; q=0",
    "gzip;Q=0.000",
    "gzip;q=0, *",
    "*;q=0",
    "gzip;q=",
    "gzip;q=nan",
    "gzip;q=-1",
    ",;,",
)


@pytest.mark.parametrize("header", _YES)
def test_gzip_is_taken_where_it_is_named_or_nothing_is_refused(header: str) -> None:
    """In whatever case, with whatever weight above 0."""
    assert accepts_gzip(header)


@pytest.mark.parametrize("header", _NO)
def test_gzip_is_not_taken_where_it_is_refused_or_not_named(header: str) -> None:
    """A header that says nothing readable gets what everybody reads."""
    assert not accepts_gzip(header)


@pytest.mark.parametrize(("header", "encoding"), [("gzip;q=0", None), ("gzip;q=0.1", "gzip")])
def test_a_scrape_gets_what_it_takes(app: FastAPI, header: str, encoding: str | None) -> None:
    """As a route of the application."""
    instrument(app, service="shop", registry=CollectorRegistry())
    with TestClient(app) as client:
        answer = client.get("/metrics", headers={"Accept-Encoding": header})
    assert answer.headers.get("content-encoding") == encoding
    assert "service_info" in answer.text
