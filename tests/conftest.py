"""Before any test: the sentences are those of the catalogues as they are now, and numpy's BLAS has
one thread, as in the worker: several wait for one another in busy loops where the cores are few.
"""

import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parent.parent / "tools" / "compile-messages"


os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported


def pytest_configure() -> None:
    subprocess.run([sys.executable, TOOL], check=True)
