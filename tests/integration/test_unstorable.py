"""Text that PostgreSQL cannot hold leads nowhere, wherever it is put; on both databases."""

import re

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.settings import Settings
from people import ADMIN, settle_in
from walking import ADMIN_TOKEN, UNSAFE, Walk
from webapp import ask, running

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def configured(store: settings.Store) -> Settings:
    return Settings(store=store, admin=settings.Admin(admin_token=ADMIN_TOKEN))


async def test_a_nul_breaks_no_route_in_its_path_its_query_or_its_body(
    configured: Settings, engine: AsyncEngine
) -> None:
    await settle_in(engine)
    wrong = []
    async with running(configured) as (app, here):
        walk = Walk(app, here, engine)
        for method, template in walk.routes:
            headers = await walk.headers(ADMIN) | {"sec-fetch-site": "same-origin"}
            path = re.sub(r"{\w+}", "\0", template)
            tries = [(path, headers, b"", "before=%00&first=%00&second=%00&q=%00")]
            if method in UNSAFE:
                session = await here.sessions.get(headers["cookie"].partition("=")[2])
                assert session
                whole = await walk.path(template)
                keys = ("session_id", "cv_id", "email", "password", "name", "words", "next")
                form = f"csrf={session.csrf}&" + "&".join(f"{key}=%00a" for key in keys)
                json = ",".join(f'"{key}":"\\u0000"' for key in keys)
                for kind, body in (("application/json", f"{{{json}}}"), (FORM, form)):
                    tries.append((whole, headers | {"content-type": kind}, body.encode(), ""))
            for address, given, body, query in tries:
                walk.forget_tries()
                status, text = await ask(app, method, address, given, body, query)
                if status >= 500:
                    wrong.append(f"{method} {template}: {status} {text[:100]}")
    assert not wrong, "\n".join(wrong)
