"""A site that has been lived in, and all its pages: for pictures, accessibility and budgets.

One candidate, who is also the operator, with a finished interview, an unfinished one, two attempts
at one question, a spoken answer, and a server that has heard and evaluated all of it for real.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import speech
from mulakat.interview.bank import Bank, Question
from serving import Server, serving

EMAIL, PASSWORD = "zeynep@example.org", "yaz akşamında uzun bir yürüyüş"

ADMIN_TOKEN = "stage-token-for-the-operator"

SHARES = (1.0, 0.5, 0.3)
"""How much of the bank's own example each answer of an interview says: strong, middling, thin."""


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
            "progress": ("/history/progress", True),
            "deleting": (f"/history/answers/{self.typed}/delete", True),
            "compare": (f"/compare?first={self.again}&second={self.spoken}", True),
            "question": (f"/questions/{self.question}", True),
            "account": ("/account", True),
            "password": ("/account/password", True),
            "tokens": ("/account/tokens", True),
            "documents": ("/account/documents", True),
            "data": ("/account/data", True),
            "egress": ("/account/egress", True),
            "leaving": ("/account/delete", True),
            "admin": ("/admin", True),
            "users": ("/admin/users", True),
            "practised": ("/admin/interviews", True),
            "elsewhere": ("/admin/elsewhere", True),
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
    finished, typed, asked = _interview(client, language, SHARES)
    # English: what is synthesised in Turkish is not understood by the small model.
    told = Bank().questions("en", "general")[0]
    sound = speech.encode(speech.spoken(told.example, "en"), data.parent / "answer.webm")
    fields = {"question": told.text, "question_id": told.id, "language": "en"}
    again = _ok(client.post("/api/v1/evaluations", json=fields | {"user_answer": part(told, 0.4)}))
    file = {"audio": (sound.name, sound.read_bytes())}
    spoken = _ok(client.post("/api/v1/evaluations", data=fields, files=file))
    active, _, _ = _interview(client, language, SHARES[:1], total=5)
    cookies = [
        {"name": one.name, "value": one.value or "", "url": server.url}
        for one in client.cookies.jar
    ]
    return Stage(server, cookies, finished, active, typed, spoken["id"], again["id"], asked)


def part(question: Question, share: float) -> str:
    """Return the first sentences of a question's example, a share of its words or more."""
    sentences, said = re.split(r"(?<=[.?]) ", question.example), list[str]()
    for sentence in sentences:
        said.append(sentence)
        if len(" ".join(said)) >= share * len(question.example):
            break
    return " ".join(said)


def _interview(
    client: httpx.Client, language: str, shares: tuple[float, ...], total: int = len(SHARES)
) -> tuple[str, str, str]:
    """Answer an interview in writing; return its id, its first answer's and first question's."""
    bank = Bank()
    begun = _ok(
        client.post(
            "/api/v1/interviews",
            json={"interest": "software", "language": language, "total_questions": total},
        )
    )
    address = f"/api/v1/interviews/{begun['session_id']}"
    for share in shares:
        turn = _ok(client.get(address))["turns"][-1]
        question = bank.get(language, turn["question_id"])
        assert question
        _ok(client.post(f"{address}/answers", json={"answer": part(question, share)}))
    if len(shares) == total:
        _ok(client.post(f"{address}/complete"))
    first = _ok(client.get(address))["turns"][0]
    return begun["session_id"], first["answer_id"], first["question_id"]


def _ok(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json()
