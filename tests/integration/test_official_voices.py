"""The tests' server of voices is held to the truth: the providers' own clients talk to it, and send
what we send.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files

import pytest

from contract_servers import KEY
from ledgers import MemoryLines
from mulakat.providers.remote import Errand
from mulakat.providers.voice.elsewhere import connect
from mulakat.providers.voice.wave import Writing
from mulakat.settings import Voice
from voice_servers import MODEL, SAMPLES, VoiceServer, camel, voice_server, wav

OPENAI = """
import hashlib, json, sys
from openai import OpenAI, BadRequestError
url, key, model, text = json.loads(sys.argv[1])
client = OpenAI(api_key=key, base_url=url, max_retries=0)
def say(voice):
    return client.audio.speech.create(model=model, voice=voice, input=text, response_format="wav")
sound = say("alloy").read()
try:
    say("Nobody")
except BadRequestError as error:
    refused = error.status_code
print(json.dumps([hashlib.sha256(sound).hexdigest(), refused]))
"""

GEMINI = """
import hashlib, json, sys
from google import genai
from google.genai import errors, types
url, key, model, text = json.loads(sys.argv[1])
base, _, version = url.rpartition("/")
client = genai.Client(api_key=key,
                      http_options=types.HttpOptions(base_url=base, api_version=version))
def say(voice):
    named = types.PrebuiltVoiceConfig(voice_name=voice)
    config = types.GenerateContentConfig(
        response_modalities=["AUDIO"],
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=named)))
    return client.models.generate_content(model=model, contents=text, config=config)
data = say("Kore").candidates[0].content.parts[0].inline_data
assert data.mime_type == "audio/L16;codec=pcm;rate=24000"
try:
    say("Nobody")
except errors.ClientError as error:
    refused = error.code
print(json.dumps([hashlib.sha256(data.data).hexdigest(), refused]))
"""


@pytest.fixture
def server() -> Iterator[VoiceServer]:
    with voice_server() as running:
        yield running


@pytest.mark.parametrize(
    ("dialect", "program", "sound"), [("openai", OPENAI, wav()), ("gemini", GEMINI, SAMPLES)]
)
def test_an_official_client_hears_the_server_and_sends_what_we_send(
    server: VoiceServer, dialect: str, program: str, sound: bytes
) -> None:
    text = "Neden bu işi istiyorsunuz?"
    told = files("mulakat.providers.voice").joinpath("prompts/read.txt").read_text("utf-8")
    theirs = f"{told}\n{text}" if dialect == "gemini" else text
    given = json.dumps([server.url(dialect), KEY, MODEL, theirs])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, given],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [hashlib.sha256(sound).hexdigest(), 400]

    voice = Voice(dialect, MODEL, voice_url=server.url(dialect), voice_key=KEY)
    file = os.memfd_create("voice")
    errand = Errand("speak", 1e9, MemoryLines())
    connect(voice).speak(text, voice.usual, Writing(file), errand)
    os.close(file)
    first, ours = server.seen[0], server.seen[-1]
    assert (ours.path, camel(ours.body)) == (first.path, camel(first.body))
    for name in ("authorization", "x-goog-api-key", "content-type"):
        assert ours.headers.get(name) == first.headers.get(name)
