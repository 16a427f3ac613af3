"""What a provider's client adds to a worker: PSS on top of what the worker imports anyway.

The figures of docs/decisions/0005-providers-without-sdks.md.
"""

import json
import subprocess
import sys

from contract_servers import KEY, MODEL, language_server

CLIENTS = {
    "openai": (
        "openai",
        "import openai\n"
        "made = openai.OpenAI(api_key=key, base_url=url, max_retries=0)\n"
        "made.chat.completions.create(model=model, response_format=shape,\n"
        "    messages=[{'role': 'user', 'content': 'x'}])",
    ),
    "google-genai": (
        "gemini",
        "from google import genai\n"
        "base, _, version = url.rpartition('/')\n"
        "made = genai.Client(api_key=key, http_options=genai.types.HttpOptions(\n"
        "    base_url=base, api_version=version))\n"
        "made.models.generate_content(model=model, contents='x', config={\n"
        "    'response_mime_type': 'application/json', 'response_schema': {'type': 'STRING'}})",
    ),
    "httpx, the client alone": ("openai", "import httpx\nmade = httpx.Client()"),
    "ours": (
        "openai",
        "import time\n"
        "from mulakat.providers.language import connect\n"
        "from mulakat.providers.language.protocol import Prompt, Sampling\n"
        "from mulakat.providers.remote import Errand, NoLines\n"
        "from mulakat.settings import Language\n"
        "made = connect(Language('openai', model, url, key))\n"
        "made.ask(Prompt('x', 'x'), {'type': 'object', 'properties': {}, 'required': [],\n"
        "    'additionalProperties': False}, Sampling(), Errand('evaluate',\n"
        "    time.monotonic() + 9, NoLines()), dict)",
    ),
    "ours, with TLS": ("openai", "from mulakat.providers import exchange\nexchange._trust()"),
}

MEASURE = """
import json, sys, mulakat.worker.process
url, key, model = json.loads(sys.argv[1])
shape = {"type": "json_schema", "json_schema": {"name": "r", "strict": True,
         "schema": {"type": "string"}}}
def pss():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
before = pss()
exec(sys.argv[2])
print(pss() - before)
"""


def test_what_a_providers_client_adds_to_the_worker() -> None:
    print()
    found: dict[str, float] = {}
    with language_server() as server:
        for name, (dialect, program) in CLIENTS.items():
            given = json.dumps([server.url(dialect), KEY, MODEL])
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", MEASURE, given, program],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            found[name] = float(done.stdout)
            print(f"  {name:<26} {found[name]:6.1f} MiB")
    assert found["ours"] < 3
    assert found["openai"] > 5 * found["ours"]
    assert found["google-genai"] > 5 * found["ours"]
