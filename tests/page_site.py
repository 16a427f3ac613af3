"""The whole site in this process, read as a browser without scripts reads it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from mulakat.settings import Settings, Store
from mulakat.store.engine import make_engine
from mulakat.store.tables import metadata
from mulakat.web.state import Parts
from people import EMAILS, OWNER, PASSWORD
from webapp import HOST, running


@asynccontextmanager
async def site(folder: Path, **sections: Any) -> AsyncIterator[tuple[FastAPI, Parts]]:
    """Run the application on an empty database for the length of a block."""
    settings = Settings(**{"store": Store(data_dir=folder), **sections})
    engine = make_engine(settings.store)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    async with running(settings) as made:
        yield made


class Reader(AsyncClient):
    """A browser, by its reader's language. Defects come back as the page that others see."""

    def __init__(self, app: FastAPI, language: str = "en") -> None:
        self.language = language
        super().__init__(
            transport=ASGITransport(app, raise_app_exceptions=False),
            base_url=f"http://{HOST}",
            headers={"Accept": "text/html", "Accept-Language": language},
        )

    async def send_form(self, path: str, page: str | None = None, **fields: str) -> Response:
        """Send the form that `page` (by default `path`) has, with its session's secret."""
        shown = await self.get(page or path)
        secret = re.search(r'name="csrf" value="([^"]*)"', shown.text)
        data = fields | ({"csrf": secret[1]} if secret else {})
        return await self.post(path, data=data, headers={"Referer": str(shown.url)})

    async def come_in(self, who: str = OWNER) -> None:
        """Make one's account and be logged in."""
        given = {"email": EMAILS[who], "password": PASSWORD}
        assert (await self.post("/register", data=given)).status_code == 303


def value(page: Response, name: str) -> str:
    """Return what a field of the page holds."""
    field = re.search(rf'<input[^>]* name="{name}"[^>]*>', page.text)
    assert field, name
    held = re.search(r' value="([^"]*)"', field[0])
    return held[1] if held else ""
