"""Each error has a title and a sentence in each language, and its params fit."""

import re

import pytest

from mulakat import errors
from mulakat.languages import codes, messages, say

PARAMS = {
    "malformed_request": {"reason": "no boundary"},
    "body_too_slow": {"seconds": 20},
    "too_large": {"limit_mib": 16},
    "queue_full": {"retry_after": 10},
    "too_many_tries": {"retry_after": 10},
    "too_many_requests": {"retry_after": 10},
    "too_many_tokens": {"limit": 20},
    "documents_full": {"limit": 10},
    "export_running": {"retry_after": 30},
    "database_unavailable": {"retry_after": 10},
    "not_ready": {"retry_after": 10},
    "sessions_unavailable": {"retry_after": 5},
    "logins_busy": {"retry_after": 10},
    "memory_low": {"retry_after": 10},
    "transcriber_unavailable": {"retry_after": 30},
    "voice_unavailable": {"retry_after": 10},
    "disk_full": {"retry_after": 10},
    "worker_died": {"attempts": 3},
    "deadline_exceeded": {"seconds": 900},
    "model_unavailable": {"reason": "model.bin is missing"},
    "question_too_long": {"limit": 2000},
    "text_too_long": {"limit": 20000},
    "password_too_short": {"limit": 10},
    "password_too_long": {"limit": 200},
    "audio_too_long": {"limit_minutes": 10},
    "language_unknown": {"language": "xx", "known": "tr, en"},
    "correction_too_much": {"most": 30, "words": 31},
    "field_invalid": {"field": "language"},
}


def all_codes() -> set[str]:
    found, pending = set(errors.INVALID_CODES), [errors.MulakatError]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if "code" in vars(kind):
            found.add(kind.code)
    return found


@pytest.mark.parametrize("language", codes())
def test_each_error_has_a_title_and_a_sentence_and_no_other_is_kept(language: str) -> None:
    assert set(messages(language)["error"]) == all_codes()
    assert set(messages(language)["error_title"]) == all_codes()


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize("code", sorted(all_codes()))
def test_a_sentence_asks_only_for_what_the_error_carries(language: str, code: str) -> None:
    params = PARAMS.get(code, {})
    sentence = say(language, f"error.{code}", **params)
    assert "{" not in sentence
    assert re.search(r"[.]$", sentence)
    assert "!" not in sentence
