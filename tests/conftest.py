"""Before any test: the sentences are those of the catalogues as they are now."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parent.parent / "tools" / "compile-messages"


def pytest_configure() -> None:
    subprocess.run([sys.executable, TOOL], check=True)
