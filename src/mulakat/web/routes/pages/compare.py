"""Two answers to one question, one above the other: what changed, and what is only noise.

Access: the account whose both are; another's is not found.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.interview.measures import clock, number
from mulakat.interview.noise import interval
from mulakat.interview.progress import MOMENT, asked_for, compare
from mulakat.interview.report_text import figure, moment, usual
from mulakat.interview.scores import shown
from mulakat.interview.strip import drawing
from mulakat.store.history import Told
from mulakat.web import pages, problems
from mulakat.web.identity import my_account
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

WHOLE = frozenset({"pauses", "fillers"})
"""Measures that are counts."""


@router.get("/compare")
async def side_by_side(request: Request, first: str = "", second: str = "") -> Response:
    """The comparison; without two answers to compare, the history to choose them from.

    Raises NotFound, and Invalid(answers_differ) for answers to different questions.
    """
    here, account = parts(request), await my_account(request)
    if not first or not second:
        return pages.to("/history")
    one = await here.history.answer(account.id, first)
    two = await here.history.answer(account.id, second)
    if one is None or two is None:
        raise errors.NotFound
    if asked_for(one) != asked_for(two):
        raise errors.Invalid("answers_differ")
    if two.created_at < one.created_at:
        one, two = two, one
    return await _page(request, one, two, problems.reader_language(request))


async def _page(request: Request, one: Told, two: Told, reader: str) -> HTMLResponse:
    found = compare(one, two, reader)
    both = [_shown(told, reader) for told in (one, two)]
    longest = max((side["drawn"].seconds for side in both if side["drawn"]), default=1.0)
    for side in both:  # both are drawn to one scale of time
        side["share"] = round(100 * side["drawn"].seconds / longest, 1) if side["drawn"] else None
    norms = ((two.result or {}).get("delivery") or {}).get("norms") or {}
    measures = [
        (
            entry["measure"],
            *(_figure(entry["measure"], entry[side], reader) for side in ("before", "after")),
            usual(entry["measure"], {"norms": norms}, reader),
        )
        for entry in found["delivery"]
    ]
    return await pages.page(
        request,
        "compare.html",
        moment=moment,
        found=found,
        both=both,
        asked_in=two.language,
        # A follow-up has its question's id and asks for something else.
        alone=two.question_id is not None and two.follow_up is None,
        clock=clock,
        number=number,
        measures=measures,
        usual_known=any(one[-1] for one in measures),
    )


def _shown(told: Told, reader: str) -> dict[str, Any]:
    result = told.result or {}
    score = result.get("score")
    return {
        "id": told.id,
        "at": told.created_at.strftime(MOMENT),
        "drawn": drawing(result),
        "score": shown(interval([score]), reader) if score is not None else None,
        "reason": (result.get("reason") or {}).get("detail"),
        "transcript": result.get("transcribed_text"),
        "redacted": told.redacted_at is not None,
    }


def _figure(measure: str, value: float, reader: str) -> str:
    return f"{value:.0f}" if measure in WHOLE else figure(measure, value, reader)
