"""What decoding may cost and reach, looked at from outside: child processes, real sockets."""

import socket
import subprocess
import sys
import textwrap

import pytest

import speech
from mulakat.pipeline.decode import DEMUXERS

MIB = 1024


def child(code: str, *arguments: object) -> str:
    """Run code in a fresh interpreter; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


PEAK = """
    import sys
    from pathlib import Path
    from mulakat.pipeline.decode import windows
    from mulakat.errors import Invalid
    try:
        for window in windows(Path(sys.argv[1]), sys.argv[2]):
            pass
    except Invalid as error:
        print(error.code, end=" ")
    status = Path("/proc/self/status").read_text()
    print(status.split("VmHWM:")[1].split()[0])
"""


@pytest.mark.parametrize("container", ["webm", "mp4", "flac"])
def test_ten_minutes_need_no_more_memory_than_one(container, tmp_path):
    peaks = []
    for minutes in (1, 10):
        path = speech.encode(speech.minutes(minutes), tmp_path / f"{minutes}", container)
        peaks.append(int(child(PEAK, path, container)))
    assert peaks[1] <= peaks[0] + 8 * MIB


def test_hours_of_silence_are_refused_at_the_cap_in_the_same_memory(tmp_path):
    minute = speech.silence(60)
    short = speech.encode(minute, tmp_path / "short", "flac", rate=8_000)
    long = speech.encode((minute for _ in range(120)), tmp_path / "long", "flac", rate=8_000)
    assert long.stat().st_size < 16 * MIB * MIB
    code, peak = child(PEAK, long, "flac").split()
    assert code == "audio_too_long"
    assert int(peak) <= int(child(PEAK, short, "flac")) + 8 * MIB


SOCKETS = """
    import sys
    from pathlib import Path
    from mulakat.pipeline import decode
    from mulakat.errors import Invalid, NotAudio
    def watch(event, arguments):
        if event.startswith(("socket.connect", "socket.getaddrinfo")):
            print("opened", event, arguments)
    sys.addaudithook(watch)
    for container in decode.DEMUXERS:
        try:
            list(decode.windows(Path(sys.argv[1]), container))
            print("decoded")
        except (Invalid, NotAudio):
            pass
"""


@pytest.mark.parametrize("kind", ["m3u8", "sdp", "ffconcat"])
@pytest.mark.parametrize("name", ["answer.wav", "x.m3u8", "x.sdp"])
def test_a_playlist_opens_no_socket_whatever_it_is_called(kind, name, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        address = f"http://127.0.0.1:{port}/a.ts"
        text = {
            "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n",
            "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
            f"m=audio {port} RTP/AVP 0\na=control:rtsp://127.0.0.1:{port}/\n",
            "ffconcat": f"ffconcat version 1.0\nfile {address}\n",
        }[kind]
        (tmp_path / name).write_text(text * 20)
        assert child(SOCKETS, tmp_path / name) == ""
        with pytest.raises(BlockingIOError):
            server.accept()  # nobody called


def test_only_plain_demuxers_are_allowed():
    assert set(DEMUXERS.values()) == {"matroska", "ogg", "wav", "mp3", "mov", "flac", "aac"}
