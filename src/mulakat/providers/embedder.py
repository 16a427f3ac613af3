"""Sentence embeddings: Universal Sentence Encoder, multilingual v3, in plain numpy.

The weights are Google's (Yang et al. 2020, "Multilingual Universal Sentence Encoder for
Semantic Retrieval"); why this one: docs/decisions/0001-sentence-embeddings.md.
"""

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulakat.memory.release import give_back
from mulakat.providers import encoder_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class UniversalSentenceEncoder:
    """An Embedder in 16 languages, Turkish and English among them; 512 dimensions.

    `prepared` is what `encoder_files.prepare` made, by default at home; where it is missing
    the package's own files are hashed and loaded whole, to the same vectors. Loads at the
    first `embed`; raises ModelError(reason) when the data is not what was pinned.
    """

    engine = "universal-sentence-encoder-multilingual-3"

    def __init__(self, prepared: Path | None = None) -> None:
        self._prepared = prepared or encoder_files.home() / encoder_files.NAME
        self._encoder: Any = None

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return shape (len(texts), 512), each row of length 1; about 3 ms a sentence."""
        if self._encoder is None:
            if self._prepared.is_dir():
                self._encoder = encoder_files.open_mapped(self._prepared)
            else:
                self._encoder = encoder_files.load(encoder_files.verified())
        vectors: NDArray[np.float32] = self._encoder.encode(list(texts))
        return vectors

    def close(self) -> None:
        """Let the model go; the next `embed` loads it again."""
        self._encoder = None
        gc.collect()
        give_back()
