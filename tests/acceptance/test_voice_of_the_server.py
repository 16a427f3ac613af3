"""An interview whose questions the server reads aloud, over HTTP."""

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import few_questions
from people import EMAILS, OTHER, OWNER, PASSWORD
from serving import Server, serving

CLAIM = {"interest": "software", "language": "en", "total_questions": 3}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("voice")
    bank = few_questions.write(folder / "bank")
    settings = {"questions_dir": str(bank), "voice_engine": "espeak"}
    with serving(folder / "data", **settings) as running:
        yield running


@contextmanager
def enter(server: Server, who: str) -> Iterator[httpx.Client]:
    with server.client() as client:
        given = {"email": EMAILS[who], "password": PASSWORD}
        if client.post("/api/v1/register", json=given).status_code == 409:
            assert client.post("/api/v1/login", json=given).status_code == 200
        yield client


def kept(server: Server) -> list[Path]:
    return list((server.data / "spool" / "voice").iterdir())


def test_a_question_is_heard_by_its_owner_and_goes_with_the_interview(server: Server) -> None:
    with enter(server, OWNER) as owner, enter(server, OTHER) as other, server.client() as guest:
        begun = owner.post("/api/v1/interviews", json=CLAIM | {"voice_name": "Kore"}).json()
        url = begun["audio_url"]
        assert url == f"/api/v1/interviews/{begun['session_id']}/turns/1/audio"
        standing = owner.get(f"/api/v1/interviews/{begun['session_id']}").json()
        assert standing["open"]["audio_url"] == url

        heard = owner.get(url)
        assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/wav")
        with wave.open(io.BytesIO(heard.content)) as file:
            assert file.getnframes() / file.getframerate() > 1
        part = owner.get(url, headers={"range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, heard.content[4:8])
        assert len(kept(server)) == 1
        assert owner.get(url).content == heard.content

        assert other.get(url).status_code == 404
        assert guest.get(url).status_code == 401
        for nowhere in ("/turns/2/audio", "/turns/0/audio", "/turns/x/audio"):
            missing = owner.get(f"/api/v1/interviews/{begun['session_id']}{nowhere}")
            assert missing.status_code in {404, 422}, nowhere

        assert owner.delete(f"/api/v1/interviews/{begun['session_id']}").status_code == 204
        assert owner.get(url).status_code == 404
        assert kept(server) == []


def test_deleting_an_account_leaves_nothing_that_was_said_to_it(server: Server) -> None:
    with enter(server, OWNER) as client:
        begun = client.post("/api/v1/interviews", json=CLAIM).json()
        assert client.get(begun["audio_url"]).status_code == 200
        assert len(kept(server)) == 1
        gone = client.request("DELETE", "/api/v1/account", json={"password": PASSWORD})
        assert gone.status_code == 200, gone.text
        assert kept(server) == []


def test_hearing_many_questions_leaves_no_descriptor_and_no_process_behind(server: Server) -> None:
    descriptors = Path(f"/proc/{server.process.pid}/fd")
    with enter(server, OTHER) as client:
        url = client.post("/api/v1/interviews", json=CLAIM).json()["audio_url"]
        assert client.get(url).status_code == 200
        before = len(list(descriptors.iterdir()))
        for _ in range(50):
            assert client.get(url).status_code == 200
            with client.stream("GET", url) as response:
                next(response.iter_bytes(1000))  # then it leaves
        server.until(lambda: len(list(descriptors.iterdir())) <= before + 1)
    assert len([file for file in server.spool_files() if "voice/" in file]) == 1
