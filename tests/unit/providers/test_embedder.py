"""The sentence encoder: verified data, the same vectors either way, meaning across languages."""

from pathlib import Path

import numpy as np
import pytest

import encoder
from mulakat.errors import ModelError
from mulakat.providers import encoder_files
from mulakat.providers.embedder import UniversalSentenceEncoder

TEXTS = [
    "Tell me about a conflict at work.",
    "İş yerinde yaşadığınız bir anlaşmazlığı anlatır mısınız?",
    "I bake bread on Sundays.",
    "naïve ﬁne “quotes” 漢字 5½ 🙂 \u0307",
    "",
    "word " * 400,
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoder_files.prepare(tmp_path_factory.mktemp("models"))


def test_mapped_files_give_the_same_vectors_bit_for_bit(prepared: Path) -> None:
    mapped = UniversalSentenceEncoder(prepared)
    whole = UniversalSentenceEncoder(prepared / "missing")
    assert np.array_equal(mapped.embed(TEXTS), whole.embed(TEXTS))


def test_vectors_have_length_one_and_meet_across_languages() -> None:
    vectors = encoder.embedder().embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 512)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > 0.5
    assert cosines[0, 2] < 0.2


def test_a_closed_encoder_loads_again(prepared: Path) -> None:
    one = UniversalSentenceEncoder(prepared)
    before = one.embed(TEXTS[:2])
    one.close()
    one.close()
    assert np.array_equal(one.embed(TEXTS[:2]), before)


def test_preparing_twice_keeps_the_first(prepared: Path) -> None:
    before = (prepared / "table..npy").stat().st_mtime_ns
    assert encoder_files.prepare(prepared.parent) == prepared
    assert (prepared / "table..npy").stat().st_mtime_ns == before
    assert [path.name for path in prepared.parent.iterdir()] == [prepared.name]


def test_data_that_is_not_the_pinned_data_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(encoder_files.FILES, "sp.model", "0" * 64)
    with pytest.raises(ModelError) as caught:
        encoder_files.prepare(tmp_path)
    assert "not the pinned one" in str(caught.value.params["reason"])
    assert list(tmp_path.iterdir()) == []
