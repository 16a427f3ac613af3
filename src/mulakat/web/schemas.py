"""The shapes of the HTTP interface, for OpenAPI; results are served as they were stored."""

from typing import Literal

from pydantic import BaseModel, Field


class Evidence(BaseModel):
    """A quote from the answer; times in seconds, null for a typed answer."""

    quote: str
    start: float | None
    end: float | None


class Criterion(BaseModel):
    """One criterion of the rubric."""

    key: str = Field(examples=["structure"])
    name: str
    weight: float = Field(description="share of the total, 0–1")
    score: int = Field(ge=0, le=100)
    evidence: list[Evidence]
    advice: str


class Reason(BaseModel):
    """Why an answer was not scored."""

    code: str
    detail: str


class Evaluation(BaseModel):
    """An evaluated answer."""

    id: str
    status: Literal["done"]
    scored: bool
    reason: Reason | None
    transcribed_text: str
    evaluation: str
    score: int | None
    criteria: list[Criterion]
    strengths: list[str]
    improvements: list[str]
    delivery: dict[str, object] | None
    engine: dict[str, object] = Field(
        description="what made the numbers; `fallback`: why a language model had no part in them;"
        " `transcriber_fallback`: why the recogniser elsewhere that was chosen is not who heard"
    )
    has_audio: bool
    audio_url: str | None
    language: str
    words: list[tuple[str, float, float, float | None]] = Field(
        description="text, start, end, and how sure the recogniser was; one for each word heard,"
        " its text what was said instead where it was corrected, empty where nothing was"
    )
    unsure: list[int] = Field(description="indices of the words that are likely misheard")
    correction: dict[str, object] | None = Field(
        None,
        description="`words` that were corrected: index, before, after; `most` that may be;"
        " `cost`: points that mishearing them had cost, in all and by criterion, null where"
        " different engines scored; `heard`: the scores without the correction",
    )
    correcting: dict[str, object] | None = Field(
        None,
        description="`status` of a correction that is not in these scores: queued, running,"
        " failed with its `problem`",
    )
    strip: dict[str, object] | None
    timings: dict[str, float]


class Pending(BaseModel):
    """An answer that is not done yet."""

    id: str
    status: Literal["queued", "running"]
    stage: str
    progress: int | None = Field(description="per cent of the stage, when known")
    place: int | None = Field(description="1 is next")
    estimate_seconds: int | None


class Problem(BaseModel):
    """RFC 9457 problem details; `code` is stable, `detail` is for the reader."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    error: str


_FIELDS: dict[str, object] = {
    "question": {"type": "string", "maxLength": 2000},
    "question_id": {"type": "string", "description": "of the bank, in place of a question"},
    "language": {"type": "string", "enum": ["tr", "en"]},
    "additional_text": {"type": "string", "maxLength": 20000},
    "voice_name": {"type": "string"},
}

DOCUMENT_BODY: dict[str, object] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file", "purpose"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "PDF, DOCX or plain text; at most 16 MiB",
                    },
                    "purpose": {"type": "string", "enum": ["cv", "posting"]},
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["text", "purpose"],
                "properties": {
                    "text": {"type": "string", "maxLength": 20000},
                    "purpose": {"type": "string", "enum": ["cv", "posting"]},
                },
            }
        },
    },
}

REQUEST_BODY: dict[str, object] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["audio"],
                "properties": {
                    "audio": {
                        "type": "string",
                        "format": "binary",
                        "description": "webm, ogg, wav, mp3, m4a or flac; at most 16 MiB, 10 min",
                    },
                    **_FIELDS,
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["user_answer"],
                "properties": {
                    "user_answer": {"type": "string", "maxLength": 20000},
                    **_FIELDS,
                },
            }
        },
    },
}

_RECORDING = {"type": "string", "format": "binary", "description": "as for an evaluation"}

INTERVIEW_ANSWER_BODY: dict[str, object] = {
    "required": True,
    "content": {
        kind: {
            "schema": {
                "type": "object",
                "properties": {
                    **({"audio": _RECORDING} if kind.startswith("multipart") else {}),
                    "answer": {"type": "string", "maxLength": 20000},
                    "session_id": {"type": "string", "description": "where the path has none"},
                    "question_index": {
                        "type": "integer",
                        "description": "the question that is answered; 409 when another is open",
                    },
                },
            }
        }
        for kind in ("multipart/form-data", "application/json")
    },
}
