"""What the choice of the next question looks at, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mulakat.interview.bank import FollowUp


@dataclass(frozen=True, slots=True)
class Said:
    """A question of this interview that is over; `score` is None where it was not scored."""

    question_id: str | None
    category: str
    level: str
    score: int | None = None
    follow_up: str | None = None
    from_document: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A question that could be asked: of the bank, or filled from a document.

    `reason` is given where the question brings its own: code and params.
    """

    id: str
    category: str
    level: str
    text: str
    guide: dict[str, Any]
    follow_ups: tuple[FollowUp, ...] = ()
    general: bool = False
    reason: Mapping[str, Any] | None = None

    @property
    def from_document(self) -> bool:
        """Whether it was filled from a CV or a job posting."""
        return self.reason is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an interview stands when its next question is chosen.

    `gaps` are the triggers that apply to the last answer, the gravest first, `missing` the
    numbers of its key points that were not said, from 1. `asked` are question ids of earlier
    interviews, the least recently asked first. `seed` decides between equals.
    """

    seed: str
    level: str
    total: int
    said: tuple[Said, ...] = ()
    gaps: tuple[str, ...] = ()
    missing: frozenset[int] = frozenset()
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The next question: a candidate, or a follow-up to the one before.

    `code` and `params` say why, as `why.<code>` in the catalogues.
    """

    candidate: Candidate
    code: str
    params: Mapping[str, Any]
    follow_up: FollowUp | None = None
