"""The tests' recogniser is held to the truth: the providers' own clients talk to it, and send what
we send.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledgers import MemoryLines
from mulakat.providers.transcribe import Elsewhere, connect
from mulakat.providers.values import Sound
from mulakat.settings import Speech
from speech_servers import KEY, MODEL, TEXT, WORDS, SpeechServer, speech_server

OPENAI = """
import json, sys
from openai import OpenAI, AuthenticationError
url, key, model, path = json.loads(sys.argv[1])
def ask(key):
    client = OpenAI(api_key=key, base_url=url, max_retries=0)
    with open(path, "rb") as file:
        return client.audio.transcriptions.create(
            model=model, file=("answer.webm", file, "audio/webm"), language="en",
            response_format="verbose_json", timestamp_granularities=["word", "segment"])
made = ask(key)
try:
    ask("wrong")
except AuthenticationError as error:
    refused = error.status_code
print(json.dumps([made.text, [[one.word, one.start, one.end] for one in made.words], refused]))
"""

GEMINI = """
import json, sys
from google import genai
from google.genai import errors, types
url, key, model, path = json.loads(sys.argv[1])
base, _, version = url.rpartition("/")
def ask(key):
    client = genai.Client(api_key=key,
                          http_options=types.HttpOptions(base_url=base, api_version=version))
    config = types.GenerateContentConfig(
        system_instruction="sys", temperature=0, seed=1, response_mime_type="application/json",
        response_schema=types.Schema(
            type="OBJECT", properties={"text": types.Schema(type="STRING")}, required=["text"]))
    with open(path, "rb") as file:
        audio = types.Part.from_bytes(data=file.read(), mime_type="audio/webm")
    return client.models.generate_content(model=model, contents=audio, config=config)
made = ask(key)
try:
    ask("wrong")
except errors.ClientError as error:
    refused = error.code
print(json.dumps([json.loads(made.text)["text"], None, refused]))
"""


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as running:
        yield running


@pytest.mark.parametrize(
    ("dialect", "program", "refusal"), [("openai", OPENAI, 401), ("gemini", GEMINI, 403)]
)
def test_an_official_client_understands_the_server_and_sends_what_we_send(
    server: SpeechServer, tmp_path: Path, dialect: str, program: str, refusal: int
) -> None:
    audio = tmp_path / "a"
    audio.write_bytes(bytes(range(256)) * 400)
    url = server.url(dialect)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, json.dumps([url, KEY, MODEL, str(audio)])],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text, words, refused = json.loads(done.stdout)
    theirs = server.seen[0]

    made = Elsewhere(connect(Speech(dialect, MODEL, url, KEY)), 60, MemoryLines())
    sound = Sound(10.0, 8.0, 0.5, 9.0, (), (), 0.1)
    found = made.transcribe_file(audio, "webm", "en", sound)
    ours = server.seen[-1]
    assert " ".join(word.text for word in found) == text == TEXT
    assert refused == refusal
    if words is not None:
        assert words == [[word.strip(".,"), start, end] for word, start, end in WORDS]
    assert ours.path == theirs.path
    assert _plain(ours.body) == _plain(theirs.body)
    assert hashlib.sha256(audio.read_bytes()).hexdigest() in json.dumps(ours.body)
    for name in ("authorization", "x-goog-api-key"):
        assert ours.headers.get(name) == theirs.headers.get(name)
    kind = theirs.headers["content-type"].partition(";")[0]
    assert ours.headers["content-type"].partition(";")[0] == kind


def _plain(body: Any) -> Any:
    """Return a body without what may differ: the order of fields, who instructs and with what."""
    if "fields" in body:
        return body | {"fields": sorted(map(tuple, body["fields"]))}
    return {name: value for name, value in body.items() if name != "systemInstruction"}
