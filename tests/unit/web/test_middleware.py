"""Each middleware in front of the tiny app that its test needs."""

import json
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Message

from mulakat.settings import Web
from mulakat.web import middleware, problems
from mulakat.web.middleware import BodyLimit, Defects, OwnNames, RequestId, SecurityHeaders

LIMIT = 1000


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "LINGER_SECONDS", 0.05)


@pytest.fixture
def app() -> ASGIApp:
    application = FastAPI()
    problems.install(application)

    @application.post("/count")
    async def count(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @application.post("/early")
    async def early(request: Request) -> int:
        return 0

    @application.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a defect")

    application.add_middleware(BodyLimit, limit=LIMIT, limit_mib=16, timeout=0.05)
    application.add_middleware(Defects)
    application.add_middleware(SecurityHeaders)
    application.add_middleware(RequestId)
    return application


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def call(
    app: ASGIApp, incoming: Iterable[Message], headers: dict[str, str], path: str = "/count"
) -> list[Message]:
    """Speak ASGI to the app: after the given messages nothing more ever comes."""
    waiting = iter(incoming)
    sent: list[Message] = []

    async def receive() -> Message:
        import asyncio

        for message in waiting:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "server": ("test", 80), "client": ("127.0.0.1", 1),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


def chunk(size: int, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


def problem(sent: list[Message]) -> dict[str, object]:
    body = b"".join(m["body"] for m in sent if m["type"] == "http.response.body")
    parsed: dict[str, object] = json.loads(body)
    return parsed


async def test_a_body_of_exactly_the_limit_passes(client: httpx.AsyncClient) -> None:
    assert (await client.post("/count", content=b"x" * LIMIT)).json() == LIMIT


async def test_a_declared_length_over_the_limit_is_refused_before_the_body(app: ASGIApp) -> None:
    sent = await call(app, [chunk(10, more=False)], {"content-length": str(LIMIT + 1)})
    assert sent[0]["status"] == 413
    assert problem(sent)["code"] == "too_large"


async def test_a_chunked_body_is_cut_at_the_byte_that_is_too_much(app: ASGIApp) -> None:
    read: list[int] = []

    def endless() -> Iterable[Message]:
        while True:
            read.append(1)
            yield chunk(100)

    sent = await call(app, endless(), {"transfer-encoding": "chunked"})
    assert sent[0]["status"] == 413
    assert len(read) == LIMIT // 100 + 1 + LIMIT // 100, "a bounded rest is read and dropped"


async def test_an_answer_before_the_body_is_whole_closes_and_reads_a_bounded_rest(
    app: ASGIApp,
) -> None:
    rest = [chunk(10), chunk(10), chunk(10, more=False)]
    waiting = iter(rest)
    sent = await call(app, waiting, {"content-length": "30"}, "/early")
    assert sent[0]["status"] == 200
    assert (b"connection", b"close") in sent[0]["headers"]
    assert next(waiting, None) is None, "the body was read to its end"
    assert not sent[-1].get("more_body")
    unending = [chunk(100)] * 100
    waiting = iter(unending)
    await call(app, waiting, {"transfer-encoding": "chunked"}, "/early")
    assert len(list(waiting)) == 100 - LIMIT // 100
    sent = await call(app, [], {"content-length": "100"}, "/early")
    assert sent[0]["status"] == 200


async def test_an_answer_to_a_whole_body_keeps_the_connection(client: httpx.AsyncClient) -> None:
    assert "connection" not in (await client.post("/count", content=b"x")).headers
    assert "connection" not in (await client.post("/early")).headers


async def test_a_body_that_stops_coming_ends_in_408(app: ASGIApp) -> None:
    sent = await call(app, [chunk(10)], {"content-length": "20"})
    assert sent[0]["status"] == 408
    assert problem(sent)["code"] == "body_too_slow"


async def test_the_sentence_comes_in_the_readers_language(client: httpx.AsyncClient) -> None:
    sentences = [
        (
            await client.post(
                "/count", content=b"x" * (LIMIT + 1), headers={"accept-language": language}
            )
        ).json()["detail"]
        for language in ("tr-TR,tr;q=0.9", "en", "fr")
    ]
    assert sentences[0] != sentences[1]
    assert sentences[2] == sentences[0]
    assert all("16" in sentence for sentence in sentences)


async def test_a_request_id_is_made_or_kept_when_it_is_a_plain_token(
    client: httpx.AsyncClient,
) -> None:
    made = (await client.post("/count")).headers["x-request-id"]
    kept = (await client.post("/count", headers={"x-request-id": "proxy-17"})).headers
    replaced = (await client.post("/count", headers={"x-request-id": "a b\t{}"})).headers
    assert len(made) == 36
    assert kept["x-request-id"] == "proxy-17"
    assert replaced["x-request-id"] != "a b\t{}"


async def test_every_response_denies_what_the_pages_do_not_need(client: httpx.AsyncClient) -> None:
    for response in (await client.get("/nowhere"), await client.post("/count")):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


async def test_an_unknown_path_and_method_are_problems_too(client: httpx.AsyncClient) -> None:
    nowhere, method = await client.get("/nowhere"), await client.get("/count")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "POST"
    assert nowhere.headers["content-type"] == "application/problem+json"


async def test_a_defect_is_a_500_problem_that_tells_nothing_of_its_inside(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/broken")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "defect" not in response.text
    assert "content-security-policy" in response.headers
    assert "x-request-id" in response.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200), ("LOCALHOST", 200), ("[::1]:8000", 200), ("127.0.0.2", 200),
        ("Talk.example.org", 200), ("talk.example.org:443", 200),
        ("rebound.example:8000", 403), ("127.0.0.1.example", 403), ("[::1", 403), ("", 403),
        ("192.168.1.2", 403), ("x@localhost.example", 403),
    ],
)  # fmt: skip
async def test_a_server_for_this_machine_answers_to_its_own_names_only(
    app: ASGIApp, host: str, status: int
) -> None:
    own = OwnNames(app, Web(public_name="talk.example.org, other.example").public_names)
    sent = await call(own, [chunk(0, more=False)], {"host": host}, "/early")
    assert sent[0]["status"] == status
    if status == 403:
        assert problem(sent)["code"] == "cross_origin"
