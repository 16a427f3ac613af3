"""What the sentence encoder costs: memory and time, mapped from files and loaded whole.

Each way runs in a process of its own, since memory given back is not memory never taken.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mulakat.providers import encoder_files

PROBE = """
import json, os, sys, time
from pathlib import Path
import numpy
from mulakat.memory.gauge import pss
from mulakat.providers.embedder import UniversalSentenceEncoder

texts = ["We met on Monday and I wrote the plan for the team of six."] * 10
texts += ["Pazartesi toplandık ve altı kişilik ekip için planı yazdım."] * 10
before = pss(os.getpid())
encoder = UniversalSentenceEncoder(Path(sys.argv[1]))
began = time.perf_counter(); encoder.embed(texts[:1]); first = time.perf_counter() - began
began = time.perf_counter(); encoder.embed(texts); twenty = time.perf_counter() - began
held = pss(os.getpid())
encoder.close()
print(json.dumps({"first": first, "each": twenty / 20, "held": (held - before) / 2**20,
                  "closed": (pss(os.getpid()) - before) / 2**20}))
"""


def probe(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(folder)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_mapped_encoder_takes_a_third_of_the_memory_and_loads_at_once(tmp_path: Path) -> None:
    prepared = encoder_files.prepare(tmp_path)
    rows = {"loaded whole": probe(tmp_path / "missing"), "mapped": probe(prepared)}
    print("\nsentence encoder   first answer   each sentence    held     after close")
    for name, row in rows.items():
        print(
            f"{name:16} {row['first']:10.2f} s {1000 * row['each']:12.1f} ms "
            f"{row['held']:9.1f} MiB {row['closed']:8.1f} MiB"
        )
    assert rows["mapped"]["held"] < rows["loaded whole"]["held"] / 3
    assert rows["mapped"]["first"] < rows["loaded whole"]["first"] / 3
