"""CVs and job postings over HTTP, with the real worker: honest ones, and bombs."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

import documents
from people import EMAILS, OTHER, OWNER, PASSWORD
from serving import Server, serving

PATH = "/api/v1/documents"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("documents") / "data", lease="2") as running:
        yield running


def enter(server: Server, who: str) -> httpx.Client:
    client = server.client(headers={"accept-language": "en"})
    made = client.post("/api/v1/register", json={"email": EMAILS[who], "password": PASSWORD})
    assert made.status_code == 201
    return client


@pytest.fixture(scope="module")
def clients(server: Server) -> Iterator[dict[str, httpx.Client]]:
    """Everybody logged in once: more often would be throttled."""
    made = {who: enter(server, who) for who in (OWNER, OTHER)}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture
def owner(clients: dict[str, httpx.Client]) -> httpx.Client:
    """The owner's client; no document is kept at the beginning."""
    client = clients[OWNER]
    for one in client.get(PATH).json()["documents"]:
        client.delete(f"{PATH}/{one['id']}")
    return client


def send(client: httpx.Client, data: bytes, purpose: str = "cv") -> httpx.Response:
    return client.post(PATH, files={"file": ("cv", data)}, data={"purpose": purpose})


def paste(client: httpx.Client, text: str, purpose: str = "posting") -> httpx.Response:
    return client.post(PATH, json={"purpose": purpose, "text": text})


def read(server: Server, client: httpx.Client, sent: httpx.Response) -> httpx.Response:
    """Return a document once it is no longer waiting."""
    assert sent.status_code in {200, 202}, sent.text
    address = sent.headers["location"]

    def look() -> httpx.Response | None:
        found = client.get(address)
        return None if found.status_code == 202 else found

    return server.until(look)


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_a_cv_is_read_and_its_file_goes(server: Server, owner: httpx.Client, kind: str) -> None:
    sent = send(owner, getattr(documents, kind)())
    assert sent.status_code == 202
    found = read(server, owner, sent).json()
    assert (found["status"], found["media"], found["purpose"]) == ("done", kind, "cv")
    assert "Python" in {one["name"] for one in found["profile"]["skills"]}
    assert found["text"].startswith("Ada Yurtsever")
    assert server.spool_files() == []


def test_the_same_file_again_is_the_same_document(server: Server, owner: httpx.Client) -> None:
    first = read(server, owner, send(owner, documents.docx())).json()
    again = send(owner, documents.docx())
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert len(owner.get(PATH).json()["documents"]) == 1
    other = send(owner, documents.docx(), "posting")
    assert read(server, owner, other).json()["id"] != first["id"]


def test_a_pasted_posting_is_a_document_too(server: Server, owner: httpx.Client) -> None:
    sent = owner.post(
        PATH, json={"purpose": "posting", "text": "We look for Docker and Kafka. " * 3}
    )
    found = read(server, owner, sent).json()
    assert found["media"] == "text"
    assert [one["name"] for one in found["profile"]["skills"]] == ["Docker", "Kafka"]


def test_an_interview_asks_from_what_was_sent(server: Server, owner: httpx.Client) -> None:
    cv = read(server, owner, send(owner, documents.docx())).json()["id"]
    posting = owner.post(
        PATH, json={"purpose": "posting", "text": "Kubernetes and Go wanted. " * 3}
    )
    posted = read(server, owner, posting).json()["id"]
    begun = owner.post(
        "/api/v1/interviews",
        json={"interest": "software", "language": "en", "total_questions": 6, "cv_id": cv,
              "posting_id": posted},
    ).json()  # fmt: skip
    session = begun["session_id"]
    for _ in range(5):
        owner.post(f"/api/v1/interviews/{session}/skip")
    turns = owner.get(f"/api/v1/interviews/{session}").json()["turns"]
    asked = [
        one for one in turns if (one["question_id"] or "").startswith(("cv-", "gap-", "posting-"))
    ]
    assert asked, turns
    assert all("CV" in one["reason"] or "posting" in one["reason"] for one in asked)
    owner.post(f"/api/v1/interviews/{session}/abandon")
    used = owner.delete(f"{PATH}/{cv}")
    assert used.status_code == 204
    assert owner.get(f"/api/v1/interviews/{session}").status_code == 200


@pytest.mark.parametrize("name", documents.BOMBS)
def test_a_bomb_is_a_refusal_and_no_more(server: Server, owner: httpx.Client, name: str) -> None:
    worker = server.worker
    assert worker is not None
    before = worker.memory_info().rss
    sent = send(owner, documents.BOMBS[name]())
    found = read(server, owner, sent)
    assert found.status_code == 422
    assert found.json()["code"] in {"document_too_complex", "document_empty", "document_unreadable"}
    assert server.spool_files() == []
    now = server.worker
    assert now is not None
    assert now.pid == worker.pid, "the worker lives on"
    assert now.memory_info().rss < before + 8 * 2**20
    assert owner.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"files": {"file": ("x.pdf", b"\x00\x01\x02 no document")}, "data": {"purpose": "cv"}},
         415, "not_document"),
        ({"files": {"file": ("x.pdf", b"")}, "data": {"purpose": "cv"}}, 422, "document_empty"),
        ({"files": {"file": ("x.pdf", b"text enough")}, "data": {"purpose": "photo"}},
         422, "field_invalid"),
        ({"files": {"file": ("x.pdf", b"text enough")}}, 422, "field_invalid"),
        ({"json": {"purpose": "cv"}}, 422, "document_missing"),
        ({"json": {"purpose": "cv", "text": "x" * 20_001}}, 422, "text_too_long"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400,
         "malformed_request"),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "unsupported_body"),
        ({"files": {"file": ("x", b"%PDF-" + b"x" * (16 << 20))}, "data": {"purpose": "cv"}}, 413,
         "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_what_to_do(
    server: Server, owner: httpx.Client, given: dict[str, Any], status: int, code: str
) -> None:
    refused = owner.post(PATH, **given)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert owner.get(PATH).json()["documents"] == []
    assert server.spool_files() == []


def test_an_account_keeps_ten_documents(server: Server, owner: httpx.Client) -> None:
    for number in range(10):
        sent = owner.post(PATH, json={"purpose": "cv", "text": f"Number {number}. " * 10})
        assert sent.status_code == 202
    one_more = owner.post(PATH, json={"purpose": "cv", "text": "One more than that. " * 10})
    assert (one_more.status_code, one_more.json()["code"]) == (409, "documents_full")


def test_anothers_document_is_not_found(
    server: Server, owner: httpx.Client, clients: dict[str, httpx.Client]
) -> None:
    address, other = send(owner, documents.docx()).headers["location"], clients[OTHER]
    assert other.get(address).status_code == 404
    assert other.delete(address).status_code == 404
    assert other.get(PATH).json()["documents"] == []
    assert httpx.get(f"{server.url}{address}").status_code == 401


def stopped_between_transactions(server: Server, worker: psutil.Process) -> None:
    """Stop the worker where it does not hold the database."""

    def stopped() -> bool:
        worker.send_signal(signal.SIGSTOP)
        database = sqlite3.connect(server.data / "mulakat.sqlite3", timeout=0)
        with suppress(sqlite3.OperationalError), closing(database):  # locked
            database.execute("BEGIN IMMEDIATE")
            return True
        worker.send_signal(signal.SIGCONT)
        return False

    server.until(stopped)


def test_a_worker_killed_while_it_reads_loses_no_document(
    server: Server, owner: httpx.Client
) -> None:
    worker = server.worker
    assert worker is not None
    stopped_between_transactions(server, worker)
    sent = send(owner, documents.pdf(pages=50))
    worker.send_signal(signal.SIGKILL)
    found = read(server, owner, sent)
    assert found.json()["status"] == "done"
    assert server.spool_files() == []
    assert not [p for p in psutil.Process(server.process.pid).children(recursive=True)
                if "read-document" in p.cmdline()]  # fmt: skip


def test_no_word_of_a_document_is_in_the_log(server: Server, owner: httpx.Client) -> None:
    word = "Kanarienvogel"
    for data in (
        documents.docx(f"{word} " * 20),
        documents.pdf(word)[:-200],
        b"PK\x03\x04" + word.encode(),
    ):
        read(server, owner, send(owner, data))
    assert word not in Path(server.log).read_text()
