"""The one step of building that pyproject.toml cannot say: the catalogues are compiled."""

import subprocess
import sys

from setuptools import setup
from setuptools.command.build_py import build_py


class Build(build_py):
    """Builds the package with its compiled catalogues."""

    def run(self) -> None:
        subprocess.run([sys.executable, "tools/compile-messages"], check=True)
        super().run()


setup(cmdclass={"build_py": Build})
