"""What the process that says a question holds, at the longest that it may say."""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

import voice_servers
from contract_servers import KEY
from mulakat.memory.budget import COSTS
from mulakat.settings import MIB
from mulakat.web.voice import MOST_FILE
from voice_servers import MODEL, VoiceServer, sound, wav


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return tmp_path / "authority.pem"


@pytest.fixture
def secure(authority: Path) -> Iterator[VoiceServer]:
    """The server over TLS, and a file of 151 authorities, as a system has them."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    others = (trustme.CA().cert_pem.bytes() for _ in range(150))
    authority.write_bytes(ca.cert_pem.bytes() + b"".join(others))
    with voice_servers.voice_server(context) as running:
        yield running


@pytest.mark.parametrize("dialect", ["espeak", "openai", "gemini"])
async def test_the_longest_question_fits_into_what_is_promised_for_it(
    secure: VoiceServer, authority: Path, dialect: str
) -> None:
    server, longest = secure, bytes(MOST_FILE - 100_000)
    server.always(voice_servers.samples(longest) if dialect == "gemini" else sound(wav(longest)))
    file = os.memfd_create("voice")
    where = {"voice_url": server.url(dialect), "voice_model": MODEL, "voice_key": KEY}
    order = {
        "settings": {"voice_engine": dialect, **(where if dialect != "espeak" else {})},
        "text": "Uzun bir soru soruyorum. " * 80, "language": "tr", "voice": None, "file": file,
    }  # fmt: skip
    code = (
        "from mulakat.cli.main import main\n"
        "main(['speak', '--parent', sys.argv[1]], standalone_mode=False)\n"
        "for line in open('/proc/self/status'):\n"
        "    if line.startswith(('VmHWM', 'RssFile')): print(line.split()[1])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"import sys\n{code}", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=(file,),
        env=os.environ | {"SSL_CERT_FILE": str(authority)},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(order).encode() + b"\n")
    if dialect != "espeak":
        assert b"begin" in await process.stdout.readline()
        process.stdin.write(b'{"line": "1"}\n')
        assert b'"ok"' in await process.stdout.readline()
    assert json.loads(await process.stdout.readline())["error"] is None
    # The program's and the libraries' own pages are shared with the web process.
    highest, shared = map(int, (await process.stdout.read()).split())
    await process.wait()
    held = (highest - shared) * 1024
    print(f"\n{dialect}: {held / MIB:.1f} MiB for {os.fstat(file).st_size / MIB:.1f} MiB of sound")
    os.close(file)
    assert held <= COSTS["voice"]
