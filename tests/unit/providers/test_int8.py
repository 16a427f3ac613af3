"""The rewriting of model files, against CTranslate2's own quantiser and writer."""

import io
import struct

import numpy as np
import pytest
from ctranslate2.specs import common_spec, model_spec

from mulakat.providers.int8 import UnreadableModelError, convert, quantise


class Spec(model_spec.ModelSpec):
    """A model with one of each kind of variable, and an alias."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = common_spec.Conv1DSpec()
        self.embeddings = common_spec.EmbeddingsSpec()
        self.norm = common_spec.LayerNormSpec()
        self.projection = common_spec.LinearSpec()
        self.heads = np.int16(8)

    @property
    def name(self) -> str:
        return "TestSpec"


def written(path, quantization=None) -> bytes:
    random = np.random.default_rng(3)
    spec = Spec()
    rows = random.standard_normal((700, 1200)).astype(np.float16)
    rows[5] = 0
    rows[6] *= np.float16(1e-4)
    spec.embeddings.weight = rows
    spec.projection.weight = rows.copy()
    spec.projection.bias = random.standard_normal(700).astype(np.float16)
    spec.conv.weight = random.standard_normal((4, 3, 2)).astype(np.float16)
    spec.conv.bias = np.zeros(4, np.float16)
    spec.norm.gamma, spec.norm.beta = np.ones(8, np.float16), np.zeros(8, np.float16)
    spec.validate()
    spec._alias_variables()
    if quantization:
        spec._quantize(quantization, variable_filter=lambda name: "conv" not in name)
    spec._serialize(str(path))
    return path.read_bytes()


def converted(source: bytes) -> bytes:
    target = io.BytesIO()
    convert(io.BytesIO(source), target)
    return target.getvalue()


def test_the_result_is_byte_for_byte_what_ctranslate2_writes(tmp_path):
    source = written(tmp_path / "float16")
    assert converted(source) == written(tmp_path / "int8", "int8")


def test_a_row_of_zeros_keeps_scale_one():
    values, scales = quantise(np.array([[0, 0], [1, -2]], np.float32))
    assert values.tolist() == [[0, 0], [64, -127]]
    assert scales.tolist() == [1.0, 63.5]


def test_what_is_no_such_file_is_refused(tmp_path):
    source = written(tmp_path / "float16")
    for bad in (b"", source[:-1], source[:1000], source + b"x", struct.pack("<I", 5) + source[4:]):
        with pytest.raises(UnreadableModelError):
            converted(bad)
