"""What measuring the sound costs, against recognising it in the same run."""

import time
import tracemalloc

import speech
from mulakat.pipeline.sound import SoundMeter
from mulakat.providers.model_files import installed_dir
from mulakat.providers.values import Window
from mulakat.providers.whisper import Whisper
from mulakat.settings import Speech


def windows(samples: speech.Samples) -> list[Window]:
    step = 30 * speech.RATE
    return [
        Window(i, first / speech.RATE, samples[first : first + step])
        for i, first in enumerate(range(0, len(samples), step))
    ]


def metered(parts: list[Window]) -> tuple[float, float]:
    """Return seconds and the peak of what was allocated, in MiB."""
    tracemalloc.start()
    meter = SoundMeter()
    for one in parts:
        meter.feed(one)
    meter.result()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    began = time.perf_counter()
    meter = SoundMeter()
    for one in parts:
        meter.feed(one)
    meter.result()
    return time.perf_counter() - began, peak


def test_measuring_takes_a_small_part_of_recognising() -> None:
    two = windows(speech.minutes(2))
    ours, peak = metered(two)
    ten, peak_ten = metered(windows(speech.minutes(10)))
    whisper = Whisper(installed_dir(Speech()))
    began = time.perf_counter()
    for _ in whisper.transcribe(iter(two), "en"):
        pass
    recognising = time.perf_counter() - began
    whisper.close()
    print(f"\n2 min: measured in {ours:.2f} s, recognised in {recognising:.2f} s: "
          f"{100 * ours / recognising:.1f} %")  # fmt: skip
    print(f"allocated at most: 2 min {peak:.1f} MiB, 10 min {peak_ten:.1f} MiB; 10 min {ten:.2f} s")
    assert ours < 0.03 * recognising
    assert peak_ten < peak + 6
