"""The scripted traffic: every route used, and the drills that fill what is empty on a good day."""

import asyncio
import itertools

import httpx2
import websockets

from tests.support.waiting import PATIENCE_SECONDS

# A page and not a fault route: what is asked of those counts in no objective.
FAILING = "/posts/{post_id}"


class Traffic:
    """One client of the service, through nginx."""

    def __init__(self, address: str) -> None:
        self._client = httpx2.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE_SECONDS)
        self._address = address
        self._number = itertools.count()

    async def run(self) -> None:
        """Go round for ever; cancel it to end it."""
        async with (
            self._client,
            websockets.connect(
                f"ws://{self._address}/feed", open_timeout=PATIENCE_SECONDS, ping_interval=None
            ),
        ):
            fault = {"route": FAILING, "kind": "exception", "seconds": 300}
            await self._made("/faults/injections", fault)
            while True:
                await self.round()
                await asyncio.sleep(0.5)

    async def round(self) -> None:
        """Ask every kind of thing once."""
        name = f"person-{next(self._number)}"
        user = await self._made("/users", {"name": name, "email": f"{name}@example.com"})
        post = await self._made(
            "/posts", {"author_id": user, "title": "Traffic", "body": "Some words."}
        )
        for path in (
            "/users", f"/users/{user}", "/posts", f"/posts/{post}", "/posts/search?q=words",
            "/users/999999999", "/faults/slow?seconds=0.3",
        ):  # fmt: skip
            await self._client.get(path)
        await self._client.post("/process", json={"text": "A text with some words in it."})
        # The service asks itself: one trace of two requests, the second of them with a statement.
        await self._client.post("/process", json={"url": f"http://{self._address}/users/{user}"})
        await self._client.post("/faults/log?lines=3")

    async def _made(self, path: str, body: dict[str, object]) -> int:
        answer = await self._client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json().get("id", 0))
