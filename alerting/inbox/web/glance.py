"""The verdict alone, for tabs that nobody looks at: small, and nothing while it is the same."""

import hashlib
import json

from starlette.requests import Request
from starlette.responses import Response

from alerting.inbox.errors import StoreUnavailableError
from alerting.inbox.page import OverviewReader, state_of

_NO_STORE: dict[str, str | int] = {
    "mood": "blind",
    "headline": "The store is not available",
    "detail": "",
    "pages": 0,
    "tickets": 0,
}


class Glance:
    """Answers what the headline of the front page is."""

    def __init__(self, overviews: OverviewReader) -> None:
        """Take what gathers the front page."""
        self._overviews = overviews

    async def show(self, request: Request) -> Response:
        """Say whether anything is wrong: mood, headline, detail, pages that wait, open tickets."""
        content = json.dumps(await self._state()).encode()
        tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="application/json", headers=headers)

    async def _state(self) -> dict[str, str | int]:
        try:
            overview = await self._overviews.read()
        except StoreUnavailableError:
            return _NO_STORE
        state = state_of(overview)
        return {
            "mood": state.mood,
            "headline": state.headline,
            "detail": state.detail.strip(),
            "pages": state.pages,
            "tickets": overview.firing.others,
        }
