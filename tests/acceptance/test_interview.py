"""Interviews over HTTP: as the first backend's clients go through them, and as pages do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import few_questions
import speech
from people import EMAILS, OTHER, OWNER, PASSWORD
from serving import Server, serving

TYPED = (
    "Last year two people in my team disagreed about the release date. I was responsible for the "
    "schedule, so I met each of them, wrote down what they needed and proposed to ship in two "
    "steps. As a result we delivered three weeks earlier and support calls fell by 40 percent."
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("interview")
    bank = few_questions.write(folder / "bank")
    with serving(folder / "data", questions_dir=str(bank)) as running:
        yield running


@contextmanager
def enter(server: Server, who: str) -> Iterator[httpx.Client]:
    """Give a client of somebody who has an account here, made at the first time."""
    with server.client(headers={"accept-language": "en"}) as client:
        given = {"email": EMAILS[who], "password": PASSWORD}
        if client.post("/api/v1/register", json=given).status_code == 409:
            assert client.post("/api/v1/login", json=given).status_code == 200
        yield client


@pytest.fixture
def owner(server: Server) -> Iterator[httpx.Client]:
    """The owner's client; no interview is open at the beginning."""
    with enter(server, OWNER) as client:
        if open_ := client.get("/auto_interview/status").json()["session_id"]:
            client.post(f"/api/v1/interviews/{open_}/abandon")
        yield client


def start(client: httpx.Client, **given: Any) -> dict[str, Any]:
    asked = {"interest": "software", "language": "en", "total_questions": 4} | given
    made = client.post("/api/v1/interviews", json=asked)
    assert made.status_code == 200, made.text
    found: dict[str, Any] = made.json()
    return found


def answer(client: httpx.Client, interview: str, **given: Any) -> httpx.Response:
    headers = given.pop("headers", {})
    body = {"answer": TYPED} | given
    return client.post(f"/api/v1/interviews/{interview}/answers", json=body, headers=headers)


def test_the_first_backends_clients_go_through_an_interview(
    owner: httpx.Client, tmp_path: Path
) -> None:
    assert owner.get("/auto_interview/status").json()["has_active_session"] is False
    begun = owner.post(
        "/auto_interview/start",
        json={"interest": "Software engineering", "language": "en", "total_questions": 3},
    ).json()
    session = begun["session_id"]
    assert begun["question"]
    assert (begun["question_index"], begun["total_questions"]) == (1, 3)
    assert begun["audio_url"] is None
    status = owner.get("/auto_interview/status").json()
    assert status["has_active_session"] is True
    assert (status["session_id"], status["interest"]) == (session, "software")
    assert (status["current_question_index"], status["total_answers"]) == (1, 0)
    refused = owner.post("/auto_interview/start", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "interview_active")
    assert refused.json()["session_id"] == session

    recording = speech.encode(speech.said("beckett"), tmp_path / "a.webm")
    second = owner.post(
        "/auto_interview/submit_answer",
        files=[("audio", ("a.webm", recording.read_bytes())), ("session_id", (None, session))],
    )
    assert second.status_code == 200, second.text
    document = second.json()
    assert (document["status"], document["question_index"]) == ("continue", 2)
    assert document["question"] != begun["question"]
    assert owner.get(f"/api/v1/evaluations/{document['answer_id']}").json()["status"] == "done"

    named: dict[str, Any] = {"session_id": session, "answer": TYPED}
    form = {"files": {name: (None, value) for name, value in named.items()}}
    for given, index, status_ in ((form, 3, "continue"), ({"json": named}, None, "completed")):
        last = owner.post("/auto_interview/submit_answer", **given).json()
        assert (last["status"], last.get("question_index")) == (status_, index)
    assert last["total_answers"] == 3
    assert last["session_duration"] >= 0
    assert "3 of 3" in last["final_evaluation"]
    assert owner.get("/auto_interview/status").json()["has_active_session"] is False
    for send in ({"json": {"session_id": session}}, {"files": {"session_id": (None, session)}}):
        again = owner.post("/auto_interview/complete", **send)  # type: ignore[arg-type]
        assert again.status_code == 200, again.text
        assert again.json()["final_evaluation"] == last["final_evaluation"]


def test_a_page_finds_all_it_needs_after_a_refresh(owner: httpx.Client) -> None:
    session = start(owner)["session_id"]
    begun = owner.post(f"/api/v1/interviews/{session}/begin").json()
    assert begun["state"] == "answering"
    assert begun["open"]["thinking_seconds"] >= 0
    answer(owner, session)
    page = owner.get(f"/api/v1/interviews/{session}").json()
    assert page["state"] == "asking"
    assert page["allowed"] == ["begin", "submit", "skip", "complete", "abandon", "delete"]
    assert page["open"]["question_index"] == 2
    assert page["open"]["reason"].startswith("We ask this because")
    first, second = page["turns"]
    assert first["answer_status"] == "done"
    assert first["score"] > 0
    assert second["answer_id"] is None
    assert (
        owner.get(f"/api/v1/interviews/{session}?lang=tr")
        .json()["open"]["reason"]
        .startswith("Bu soruyu soruyoruz")
    )
    skipped = owner.post(f"/api/v1/interviews/{session}/skip", json={"question_index": 2}).json()
    assert skipped["turns"][1]["skipped"] is True
    assert skipped["open"]["question_index"] == 3
    again = owner.post(f"/api/v1/interviews/{session}/skip", json={"question_index": 2})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert again.json()["state"] == "asking"
    listed = owner.get("/api/v1/interviews", params={"limit": 1}).json()
    assert listed["interviews"][0]["id"] == session
    assert listed["interviews"][0]["total_answers"] == 1


def test_without_waiting_the_answer_is_followed_and_the_next_look_goes_on(
    owner: httpx.Client, server: Server
) -> None:
    session = start(owner)["session_id"]
    sent = answer(owner, session, headers={"prefer": "respond-async"})
    assert sent.status_code == 202
    assert sent.json()["answer_id"]
    assert sent.headers["location"] == f"/api/v1/interviews/{session}"

    def moved() -> Any:
        page = owner.get(sent.headers["location"]).json()
        assert page["state"] in {"evaluating", "asking"}
        assert (page["progress"] is None) or page["progress"]["status"] in {"queued", "running"}
        return page if page["state"] == "asking" else None

    assert len(server.until(moved)["turns"]) == 2


def test_a_second_tab_is_refused_and_told_what_it_may_do(owner: httpx.Client) -> None:
    session = start(owner)["session_id"]
    assert answer(owner, session, question_index=1).json()["question_index"] == 2
    late = answer(owner, session, question_index=1)
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    assert "submit" in late.json()["allowed"]
    never = answer(owner, session, question_index=9)
    assert never.status_code == 409


def test_a_repeated_submission_gets_the_first_outcome(owner: httpx.Client) -> None:
    session = start(owner)["session_id"]
    key = {"idempotency-key": f"first-{session}"}
    first = answer(owner, session, headers=key)
    assert first.json()["question_index"] == 2
    assert answer(owner, session, headers=key).json() == first.json()
    answer(owner, session)
    assert answer(owner, session, headers=key).json() == first.json()
    other = answer(owner, session, answer=f"{TYPED} More.", headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_fifty_identical_submissions_at_once_make_one_answer(owner: httpx.Client) -> None:
    session = start(owner)["session_id"]
    key = {"idempotency-key": f"fifty-{session}"}
    with ThreadPoolExecutor(50) as pool:
        sent = list(pool.map(lambda _: answer(owner, session, headers=key), range(50)))
    assert {one.status_code for one in sent} == {200}
    assert len({one.json()["answer_id"] for one in sent}) == 1
    assert {one.json()["question_index"] for one in sent} == {2}


def test_a_recording_without_speech_is_refused_and_the_question_stays_open(
    owner: httpx.Client, tmp_path: Path
) -> None:
    session = start(owner)["session_id"]
    silence = speech.encode(speech.noise(3, level=0.0), tmp_path / "silence.wav", "wav")
    path = f"/api/v1/interviews/{session}/answers"
    refused = owner.post(path, files={"audio": ("a.wav", silence.read_bytes())})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_speech")
    assert refused.json()["session_id"] == session
    page = owner.get(f"/api/v1/interviews/{session}").json()
    assert (page["state"], len(page["turns"])) == ("asking", 1)
    assert answer(owner, session).json()["question_index"] == 2


def test_completing_waits_for_the_answer_that_is_being_evaluated(owner: httpx.Client) -> None:
    session = start(owner)["session_id"]
    assert answer(owner, session, headers={"prefer": "respond-async"}).status_code == 202
    done = owner.post(f"/api/v1/interviews/{session}/complete").json()
    assert (done["status"], done["total_answers"]) == ("completed", 1)
    assert answer(owner, session).status_code == 409


def test_another_candidate_finds_nothing_and_a_guest_is_asked_to_log_in(
    owner: httpx.Client, server: Server
) -> None:
    session = start(owner)["session_id"]
    made = answer(owner, session).json()["answer_id"]
    paths = [
        ("GET", f"/api/v1/interviews/{session}"),
        ("DELETE", f"/api/v1/interviews/{session}"),
        *(("POST", f"/api/v1/interviews/{session}/{move}")
          for move in ("begin", "skip", "complete", "abandon")),
    ]  # fmt: skip
    with enter(server, OTHER) as other, server.client() as guest:
        for method, path in paths:
            assert other.request(method, path).status_code == 404
            assert guest.request(method, path).status_code == 401
        assert answer(other, session).status_code == 404
        assert other.get("/api/v1/interviews").json()["interviews"] == []
        for client in (other, guest):
            for path in (f"/api/v1/evaluations/{made}", f"/api/v1/evaluations/{made}/events"):
                assert client.get(path).status_code == 404
            assert client.delete(f"/api/v1/evaluations/{made}").status_code == 404
    assert owner.get(f"/api/v1/evaluations/{made}").status_code == 200
    assert owner.delete(f"/api/v1/interviews/{session}").status_code == 204
    assert owner.get(f"/api/v1/evaluations/{made}").status_code == 404
    assert owner.get(f"/api/v1/interviews/{session}").status_code == 404


def test_a_guests_browser_reads_its_own_results_and_no_other_does(server: Server) -> None:
    with server.client() as browser, server.client() as another, server.client() as script:
        browser.get("/")
        another.get("/")
        given = {"question": "Why?", "user_answer": TYPED, "language": "en"}
        path = f"/api/v1/evaluations/{browser.post('/api/v1/evaluations', json=given).json()['id']}"
        assert browser.get(path).status_code == 200
        assert another.get(path).status_code == script.get(path).status_code == 404
        assert another.delete(path).status_code == 404
        path = f"/api/v1/evaluations/{script.post('/api/v1/evaluations', json=given).json()['id']}"
        assert another.get(path).status_code == 200


def test_the_bank_is_looked_through_and_one_of_its_questions_practised(server: Server) -> None:
    with server.client(headers={"accept-language": "en"}) as guest:
        fields = guest.get("/api/v1/questions/fields").json()
        assert {one["field"]: one["questions"] for one in fields["fields"]} == {
            "general": 22, "software": 22,
        }  # fmt: skip
        found = guest.get("/api/v1/questions?field=software&category=ethics").json()["questions"]
        assert {one["category"] for one in found} == {"ethics"}
        assert "key_points" not in found[0]
        assert guest.get("/api/v1/questions?field=astrology").status_code == 422
        assert guest.get("/api/v1/questions?language=xx").status_code == 422
        given = {"question_id": found[0]["id"], "user_answer": TYPED, "language": "en"}
        made = guest.post("/api/v1/evaluations", json=given)
        assert made.status_code == 200, made.text
        assert len(made.json()["points"]) == 3
        given["question_id"] = "software-no-such"
        assert guest.post("/api/v1/evaluations", json=given).status_code == 422


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"level": "boss"}, "field_invalid"),
        ({"language": "xx"}, "language_unknown"),
        ({"total_questions": 0}, "field_invalid"),
        ({"total_questions": 21}, "field_invalid"),
        ({"cv_id": "of-another"}, "field_invalid"),
    ],
)
def test_what_cannot_be_started_is_named(
    owner: httpx.Client, given: dict[str, Any], code: str
) -> None:
    refused = owner.post("/api/v1/interviews", json={"language": "en"} | given)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_killed_while_an_answer_is_evaluated_the_interview_goes_on_where_it_was(
    tmp_path: Path,
) -> None:
    bank = few_questions.write(tmp_path / "bank")
    leases = {"lease": "2", "heartbeat": "0.2"}  # the dead worker's runs out soon
    with serving(tmp_path / "data", questions_dir=str(bank), **leases) as server:
        with enter(server, OWNER) as client:
            session = start(client)["session_id"]
            assert answer(client, session, headers={"prefer": "respond-async"}).status_code == 202
        server.kill()
        server.start()
        with enter(server, OWNER) as client:

            def moved() -> Any:
                page = client.get(f"/api/v1/interviews/{session}").json()
                return page if page["state"] == "asking" else None

            page = server.until(moved)
            assert [turn["answer_status"] for turn in page["turns"]] == ["done", None]
