"""A site that has been lived in, and all its pages: for pictures, accessibility and budgets.

One candidate, who is also the operator, with a finished interview, an unfinished one, two attempts
at one question, a spoken answer, and a server that has heard and evaluated all of it for real.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import speech
from serving import Server, serving

EMAIL, PASSWORD = "zeynep@example.org", "yaz akşamında uzun bir yürüyüş"

ADMIN_TOKEN = "stage-token-for-the-operator"

with (Path(__file__).parent / "fixtures" / "stage.toml").open("rb") as _file:
    ANSWERS = tomllib.load(_file)

STORY = "Tell me about a time you had to deliver something with little time."
"""The question of the answer by voice. English: what is synthesised in Turkish is not understood
by the small model."""


@dataclass(frozen=True)
class Stage:
    """The site's address, the candidate's cookies and what is on it."""

    server: Server
    cookies: list[dict[str, Any]]
    finished: str
    active: str
    typed: str
    spoken: str
    again: str
    question: str

    @property
    def pages(self) -> dict[str, tuple[str, bool]]:
        """By name: the path of each page, and whether one is logged in to see it."""
        return {
            "landing": ("/", False),
            "practice": (f"/practice?question={self.question}", False),
            "login": ("/login", False),
            "register": ("/register", False),
            "questions": ("/questions", False),
            "nowhere": ("/nowhere", False),
            "home": ("/", True),
            "set-up": ("/interviews/new", True),
            "room": (f"/interviews/{self.active}", True),
            "answer-spoken": (f"/answers/{self.spoken}", True),
            "answer-typed": (f"/answers/{self.typed}", True),
            "report": (f"/interviews/{self.finished}/report", True),
            "history": ("/history", True),
            "compare": (f"/compare?first={self.spoken}&second={self.again}", True),
            "question": (f"/questions/{self.question}", True),
            "account": ("/account", True),
            "egress": ("/account/egress", True),
            "leaving": ("/account/delete", True),
            "admin": ("/admin", True),
            "users": ("/admin/users", True),
        }


@contextmanager
def staged(data: Path, language: str, **settings: str) -> Iterator[Stage]:
    """Give a site whose candidate answers in a language; takes about a minute."""
    with (
        serving(data, admin_token=ADMIN_TOKEN, **settings) as server,
        server.client(headers={"accept-language": language}) as client,
    ):
        yield _lived_in(server, client, data, language)


def _lived_in(server: Server, client: httpx.Client, data: Path, language: str) -> Stage:
    made = [sys.executable, "-m", "mulakat", "admin", "create", EMAIL]
    environment = os.environ | {"MULAKAT_DATA_DIR": str(data)}
    subprocess.run(made, env=environment, input=f"{PASSWORD}\n", text=True, check=True)
    _ok(client.post("/api/v1/login", json={"email": EMAIL, "password": PASSWORD}))
    _ok(client.patch("/api/v1/account", json={"name": "Zeynep Kaya", "language": language}))
    finished, typed, question = _interview(client, language, ANSWERS[language])
    spoken = _by_voice(client, data)
    again = _ok(
        client.post(
            "/api/v1/evaluations",
            json={"question": STORY, "user_answer": ANSWERS["en"][1], "language": "en"},
        )
    )
    active, _, _ = _interview(client, language, ANSWERS[language][1:2], total=5)
    cookies = [
        {"name": one.name, "value": one.value or "", "url": server.url}
        for one in client.cookies.jar
    ]
    return Stage(server, cookies, finished, active, typed, spoken, again["id"], question)


def _interview(
    client: httpx.Client, language: str, answers: list[str], total: int | None = None
) -> tuple[str, str, str]:
    """Answer an interview in writing; return its id, its first answer's and first question's."""
    begun = _ok(
        client.post(
            "/api/v1/interviews",
            json={"interest": "software", "language": language, "total_questions": total or 3},
        )
    )
    session = begun["session_id"]
    for text in answers:
        _ok(client.post(f"/api/v1/interviews/{session}/answers", json={"answer": text}))
    if total is None:
        _ok(client.post(f"/api/v1/interviews/{session}/complete"))
    whole = _ok(client.get(f"/api/v1/interviews/{session}"))
    first = whole["turns"][0]
    return session, first["answer_id"], first["question_id"]


def _by_voice(client: httpx.Client, data: Path) -> str:
    sound = speech.encode(speech.spoken(ANSWERS["en"][0], "en"), data.parent / "answer.webm")
    sent = client.post(
        "/api/v1/evaluations",
        data={"question": STORY, "language": "en"},
        files={"audio": (sound.name, sound.read_bytes())},
    )
    found: str = _ok(sent)["id"]
    return found


def _ok(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json()
