"""The open pages: each receives the studio's state and previews, no faster than it reads."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

MOST = 48  # pages open at the same time
HEARTBEAT = 20.0  # seconds, after which a page that does not answer is dropped


class Page:
    """One open page. Of its unread messages, only the newest of each kind is kept."""

    def __init__(self, socket: web.WebSocketResponse):
        self.socket = socket
        self.news = asyncio.Event()
        self.state: str | None = None
        self.preview: bytes | None = None

    def tell(self, state: str | None = None, preview: bytes | None = None) -> None:
        """Leaves a message for the page."""
        self.state, self.preview = state or self.state, preview or self.preview
        self.news.set()

    async def feed(self) -> None:
        """Sends messages as they arrive."""
        while True:
            await self.news.wait()
            self.news.clear()
            state, self.state = self.state, None
            if state:
                await self.socket.send_str(state)
            preview, self.preview = self.preview, None
            if preview:
                await self.socket.send_bytes(preview)


class Hub:
    """All open pages.

    Args:
        describe: returns the state of the studio, for the pages.
    """

    def __init__(self, describe: Callable[[], dict[str, Any]]):
        self.describe = describe
        self.loop: asyncio.AbstractEventLoop | None = None
        self.pages: set[Page] = set()
        self.preview: bytes | None = None  # the last one, for pages that are opened later

    def changed(self) -> None:
        """Sends all pages the state of the studio; any thread may call this."""
        self._soon(self._tell_state)

    def show(self, preview: bytes) -> None:
        """Sends all pages a preview; any thread may call this."""
        self._soon(self._show, preview)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serves one page until it is closed; messages from it are ignored."""
        if len(self.pages) >= MOST:
            raise web.HTTPServiceUnavailable(text=f"Expected at most {MOST} open pages. Close one of them.")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=1024, compress=False)
        await socket.prepare(request)
        page = Page(socket)
        self.pages.add(page)
        page.tell(json.dumps(self.describe()), self.preview)
        feeding = asyncio.create_task(page.feed())
        try:
            async for _ in socket:
                pass
        finally:
            self.pages.discard(page)
            feeding.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await feeding
        return socket

    async def close(self) -> None:
        """Closes all pages."""
        pages = list(self.pages)
        for page in pages:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(page.socket.close(code=1001), 0.2)

    def _soon(self, what: Callable[..., None], *given: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            if self.loop:
                self.loop.call_soon_threadsafe(what, *given)

    def _tell_state(self) -> None:
        state = json.dumps(self.describe())
        for page in self.pages:
            page.tell(state=state)

    def _show(self, preview: bytes) -> None:
        self.preview = preview
        for page in self.pages:
            page.tell(preview=preview)
