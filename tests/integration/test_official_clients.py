"""The tests' server is held to the truth: the providers' own clients talk to it, and send what
we send.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from contract_servers import KEY, MODEL, Server, language_server
from ledgers import MemoryLines
from mulakat.providers.language import connect
from mulakat.providers.language.protocol import Prompt, Sampling
from mulakat.providers.remote import Errand
from mulakat.settings import Language

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "word": {"type": "string"},
        "marks": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["word", "marks"],
    "additionalProperties": False,
}

OPENAI = """
import json, sys
from openai import OpenAI, AuthenticationError, RateLimitError
url, key, model, schema = json.loads(sys.argv[1])
client = OpenAI(api_key=key, base_url=url, max_retries=0)
made = client.chat.completions.create(
    model=model, temperature=0, seed=7,
    messages=[{"role": "system", "content": "sys"}, {"role": "user", "content": "us"}],
    response_format={"type": "json_schema",
                     "json_schema": {"name": "reply", "strict": True, "schema": schema}})
names = [one.id for one in client.models.list()]
try:
    OpenAI(api_key="wrong", base_url=url, max_retries=0).models.list()
except AuthenticationError as error:
    refused = error.status_code
print(json.dumps([made.choices[0].message.content, made.usage.prompt_tokens,
                  made.usage.completion_tokens, made.model, names, refused]))
"""

GEMINI = """
import json, sys
from google import genai
from google.genai import errors, types
url, key, model, schema = json.loads(sys.argv[1])
base, _, version = url.rpartition("/")
def client(key):
    return genai.Client(api_key=key,
                        http_options=types.HttpOptions(base_url=base, api_version=version))
config = types.GenerateContentConfig(
    system_instruction="sys", temperature=0, seed=7, response_mime_type="application/json",
    response_schema=types.Schema.from_json_schema(
        json_schema=types.JSONSchema(**{k: v for k, v in schema.items()
                                        if k != "additionalProperties"})))
right, wrong = client(key), client("wrong")
made = right.models.generate_content(model=model, contents="us", config=config)
names = [one.name.removeprefix("models/") for one in right.models.list()]
try:
    wrong.models.generate_content(model=model, contents="us", config=config)
except errors.ClientError as error:
    refused = error.code
usage = made.usage_metadata
print(json.dumps([made.text, usage.prompt_token_count, usage.candidates_token_count,
                  made.model_version, names, refused]))
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with language_server() as running:
        yield running


@pytest.mark.parametrize(
    ("dialect", "program", "refusal"), [("openai", OPENAI, 401), ("gemini", GEMINI, 403)]
)
def test_an_official_client_understands_the_server_and_sends_what_we_send(
    server: Server, dialect: str, program: str, refusal: int
) -> None:
    given = json.dumps([server.url(dialect), KEY, MODEL, SCHEMA])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, given],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text, tokens_in, tokens_out, version, names, refused = json.loads(done.stdout)
    theirs = next(seen for seen in server.seen if seen.method == "POST")

    model = connect(Language(dialect, MODEL, server.url(dialect), KEY))
    errand = Errand("evaluate", 1e9, MemoryLines())
    reply = model.ask(Prompt("sys", "us"), SCHEMA, Sampling(0, 7), errand, dict)
    ours = server.seen[-1]
    assert (reply.data, reply.tokens_in, reply.tokens_out, reply.version) == (
        json.loads(text), tokens_in, tokens_out, version,
    )  # fmt: skip
    assert model.models(errand) == tuple(names)
    assert refused == refusal
    assert ours.path == theirs.path
    assert _plain(ours.body) == _plain(theirs.body)
    for name in ("authorization", "x-goog-api-key", "content-type"):
        assert ours.headers.get(name) == theirs.headers.get(name)


def _plain(body: Any) -> Any:
    """Return a body without what may differ: a field's other name, the role of who instructs."""
    if isinstance(body, dict):
        named = {"property_ordering": "propertyOrdering"}
        plain = {named.get(name, name): _plain(one) for name, one in body.items()}
        if "systemInstruction" in plain:
            plain["systemInstruction"].pop("role", None)
        return plain
    return [_plain(one) for one in body] if isinstance(body, list) else body
