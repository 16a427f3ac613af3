"""An interview whose questions the server reads aloud, over HTTP."""

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import contract_servers as acts
import documents
import few_questions
import voice_servers
from contract_servers import KEY
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


def test_a_question_is_heard_by_its_owner_alone(server: Server) -> None:
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

        # A question of the bank is nobody's: it may be said to the next without being made again.
        assert owner.delete(f"/api/v1/interviews/{begun['session_id']}").status_code == 204
        assert owner.get(url).status_code == 404
        assert len(kept(server)) == 1


def test_the_browser_is_told_when_nothing_changed_and_who_read(server: Server) -> None:
    with enter(server, OTHER) as client:
        asked = CLAIM | {"voice_name": "en-gb-scotland"}
        begun = client.post("/api/v1/interviews", json=asked).json()
        first = client.get(begun["audio_url"])
        assert first.headers["voice-used"] == "wished"
        assert first.headers["cache-control"] == "private, no-cache"
        again = client.get(begun["audio_url"], headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        leave(client, begun)

        begun = client.post("/api/v1/interviews", json=CLAIM | {"voice_name": "Kore"}).json()
        usual = client.get(begun["audio_url"])
        assert usual.headers["voice-used"] == "usual"
        assert usual.headers["etag"] != first.headers["etag"]
        leave(client, begun)


def leave(client: httpx.Client, begun: dict[str, Any]) -> None:
    assert client.delete(f"/api/v1/interviews/{begun['session_id']}").status_code == 204


@pytest.mark.parametrize("ending", ["interview", "account"])
def test_a_question_made_from_a_cv_goes_with_what_it_belongs_to(
    server: Server, ending: str
) -> None:
    with enter(server, OWNER) as client:
        file = {"file": ("cv", documents.docx())}
        sent = client.post("/api/v1/documents", files=file, data={"purpose": "cv"})
        cv = sent.headers["location"]
        server.until(lambda: client.get(cv).json()["status"] == "done")
        wish = CLAIM | {"total_questions": 6, "cv_id": cv.rpartition("/")[2]}
        begun = client.post("/api/v1/interviews", json=wish).json()
        address = f"/api/v1/interviews/{begun['session_id']}"
        while not client.get(address).json()["open"]["question_id"].startswith("cv-"):
            assert client.post(f"{address}/skip").status_code == 200
        url = client.get(address).json()["open"]["audio_url"]
        assert client.get(url).status_code == 200
        mine = [file for file in kept(server) if "_" in file.name]
        assert len(mine) == 1
        if ending == "interview":
            leave(client, begun)
        else:
            gone = client.request("DELETE", "/api/v1/account", json={"password": PASSWORD})
            assert gone.status_code == 200
        assert [file for file in kept(server) if "_" in file.name] == []


def test_a_key_of_a_provider_is_in_no_log_and_a_failure_is_told_as_one(
    tmp_path: Path, server: Server
) -> None:
    with voice_servers.voice_server() as elsewhere:
        settings = {
            "voice_engine": "openai", "voice_url": elsewhere.url("openai"), "voice_key": KEY,
            "voice_model": voice_servers.MODEL, "log_level": "debug",
            "questions_dir": str(few_questions.write(tmp_path / "bank")),
        }  # fmt: skip
        with serving(tmp_path / "data", **settings) as running:
            with enter(running, OWNER) as client:
                begun = client.post("/api/v1/interviews", json=CLAIM).json()
                elsewhere.then(acts.status(403, f"no such key: {KEY}"))
                refused = client.get(begun["audio_url"], headers={"accept-language": "en"})
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
                assert refused.json()["code"] == "voice_unavailable"
                (line,) = client.get("/api/v1/account/egress").json()["sent"]
                assert (line["purpose"], line["outcome"]) == ("speak", "refused")
            assert b"voice_key" not in running.log.read_bytes()
            for file in (running.log, *running.data.rglob("*")):
                assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_hearing_many_questions_leaves_no_descriptor_and_no_process_behind(server: Server) -> None:
    descriptors = Path(f"/proc/{server.process.pid}/fd")
    with enter(server, OTHER) as client:
        url = client.post("/api/v1/interviews", json=CLAIM).json()["audio_url"]
        assert client.get(url).status_code == 200
        files = len(kept(server))
        before = len(list(descriptors.iterdir()))
        for _ in range(50):
            assert client.get(url).status_code == 200
            with client.stream("GET", url) as response:
                next(response.iter_bytes(1000))  # then it leaves
        server.until(lambda: len(list(descriptors.iterdir())) <= before + 1)
    assert len(kept(server)) == files
