"""The nginx of these tests."""

from tests.compose.proxy import proxy, start_proxy

__all__ = ["proxy", "start_proxy"]
