"""The question bank to look through, and one question with one's own attempts at it.

Access: everybody; attempts are the account's own.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mulakat import errors
from mulakat.interview.bank import CATEGORIES, LEVELS, Bank, Question
from mulakat.interview.noise import interval
from mulakat.interview.progress import MOMENT, stamp
from mulakat.interview.report import field_name
from mulakat.interview.report_text import moment
from mulakat.interview.scores import shown
from mulakat.languages.matching import fold
from mulakat.store.history import Told
from mulakat.web import pages, problems
from mulakat.web.charts import strip
from mulakat.web.identity import who
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

PAGE = 20
"""Questions on a page."""

LONGEST_SEARCH = 100
"""Characters; what is longer is cut."""


@router.get("/questions")
async def questions(request: Request) -> HTMLResponse:
    """The questions that fit all that is chosen; what is no choice of ours chooses nothing."""
    account, bank = (await who(request)).account, parts(request).bank
    reader, query = problems.reader_language(request), request.query_params
    shown_in = _language(bank, query.get("language", ""), reader)
    # In a thread: it may be the first to read the bank in this language.
    await asyncio.to_thread(bank.questions, shown_in)
    fields = bank.fields(shown_in)
    among = {"field": [one.key for one in fields], "level": LEVELS, "category": CATEGORIES}
    chosen = {
        "q": query.get("q", "").strip()[:LONGEST_SEARCH],
        "language": shown_in,
        **{name: _one_of(query.get(name, ""), known) for name, known in among.items()},
    }
    found = [one for one in bank.questions(shown_in, chosen["field"] or None) if _fits(one, chosen)]
    last = max(-(-len(found) // PAGE), 1)
    page = query.get("page", "")
    number = min(max(int(page), 1), last) if re.fullmatch(r"[0-9]{1,5}", page) else 1
    part = found[(number - 1) * PAGE : number * PAGE]
    tries = {}
    if account and part:
        tries = await parts(request).timeline.tries(account.id, [one.id for one in part])
    names = {one.key: one.name for one in fields}
    return await pages.page(
        request,
        "questions.html",
        chosen=chosen,
        fields=fields,
        levels=LEVELS,
        categories=CATEGORIES,
        bank_languages=bank.languages,
        count=len(found),
        number=number,
        last=last,
        found=[(one, names[one.field], tries.get(one.id, 0)) for one in part],
        turning=urlencode({name: value for name, value in chosen.items() if value}),
        suffix="" if shown_in == reader else f"&language={shown_in}",
    )


@router.get("/questions/{question_id}")
async def one_question(request: Request, question_id: str, language: str = "") -> HTMLResponse:
    """A question: why it is asked, what a strong answer says, and one's own attempts."""
    here, account = parts(request), (await who(request)).account
    reader = problems.reader_language(request)
    known = _language(here.bank, language, reader)
    for code in dict.fromkeys((known, *here.bank.languages)):
        if question := await asyncio.to_thread(here.bank.get, code, question_id):
            break
    else:
        raise errors.NotFound
    told = await here.history.attempts(account.id, question_id) if account else []
    return await pages.page(
        request,
        "question.html",
        moment=moment,
        question=question,
        asked_in=code,
        field=field_name(here.bank, question.field, reader),
        attempts=_attempts(told, reader),
        suffix="" if code == reader else f"&language={code}",
    )


def _language(bank: Bank, asked: str, reader: str) -> str:
    """Return the bank's language to show: the asked one, the reader's, or the first there is."""
    for code in (asked, reader):
        if code in bank.languages:
            return code
    return bank.languages[0]


def _one_of(asked: str, known: Sequence[str]) -> str:
    return asked if asked in known else ""


def _fits(question: Question, chosen: dict[str, str]) -> bool:
    if chosen["level"] not in {"", question.level}:
        return False
    if chosen["category"] not in {"", question.category}:
        return False
    text = fold(question.text) if chosen["q"] else ""
    return all(word in text for word in fold(chosen["q"]).split())


def _attempts(told: Sequence[Told], reader: str) -> list[dict[str, Any]]:
    """Return attempts as they are shown, the newest first, each with the one before it that may
    be compared, if there is one.
    """
    out: list[dict[str, Any]] = []
    latest: dict[tuple[object, ...], str] = {}
    for one in told:
        result = one.result or {}
        score = result.get("score")
        rated_by = tuple(stamp(one).values())
        out.append(
            {
                "id": one.id,
                "at": one.created_at.strftime(MOMENT),
                "score": shown(interval([score]), reader) if score is not None else None,
                "strip": strip([result.get("strip")]),
                "typed": result.get("strip") is None,
                "before": latest.get(rated_by) or (out[-1]["id"] if out else None),
            }
        )
        latest[rated_by] = one.id
    return out[::-1]
