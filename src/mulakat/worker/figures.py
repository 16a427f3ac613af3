"""What is said and logged of an answer that was worked on: its figures, none of its words."""

import time
from typing import Any

from mulakat import clock
from mulakat.store.values import Claim


def figures_of(claim: Claim, began: float, timings: dict[str, float]) -> dict[str, Any]:
    """Return the figures of one attempt, `began` as time.monotonic() told.

    Stages in seconds; `queue` is from its acceptance to this attempt.
    """
    stages = dict(timings)
    sound, factor = stages.pop("audio_seconds", None), stages.pop("real_time_factor", None)
    queued = clock.now() - claim.answer.created_at
    waited = queued.total_seconds() - (time.monotonic() - began)
    stages["queue"] = round(max(0.0, waited), 3)
    stages.setdefault("total", round(time.monotonic() - began, 3))
    return {
        "attempt": claim.answer.attempts,
        "stages": stages,
        "audio_seconds": sound,
        "real_time_factor": factor,
    }
