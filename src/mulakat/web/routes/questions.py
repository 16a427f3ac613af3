"""The question bank, to look through: fields, and questions without their strong answers."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from mulakat import errors
from mulakat.interview.bank import CATEGORIES, LEVELS
from mulakat.languages import say
from mulakat.web import problems
from mulakat.web.identity import who
from mulakat.web.state import parts

router = APIRouter(prefix="/api/v1/questions", tags=["questions"])


@router.get("/fields", summary="Fields, categories and levels of the question bank")
async def fields(request: Request, language: str | None = None) -> JSONResponse:
    """Return each field with its name and how many questions it has, and the other names."""
    language = await _language(request, language)
    bank = parts(request).bank
    return JSONResponse(
        {
            "language": language,
            "fields": [
                {
                    "field": field.key,
                    "name": field.name,
                    "questions": len(bank.questions(language, field.key)),
                }
                for field in bank.fields(language)
            ],
            "categories": {one: say(language, f"interview.category.{one}") for one in CATEGORIES},
            "levels": {one: say(language, f"interview.level.{one}") for one in LEVELS},
        }
    )


@router.get("", summary="Questions of the bank")
async def questions(
    request: Request,
    language: str | None = None,
    field: str | None = None,
    category: str | None = None,
    level: str | None = None,
) -> JSONResponse:
    """Return the questions that fit all that is given; their order is the bank's."""
    language = await _language(request, language)
    bank = parts(request).bank
    known = {one.key for one in bank.fields(language)}
    for name, given, among in (
        ("field", field, known),
        ("category", category, CATEGORIES),
        ("level", level, LEVELS),
    ):
        if given is not None and given not in among:
            raise errors.Invalid("field_invalid", field=name)
    found = [
        {"id": one.id, "field": one.field, "category": one.category, "level": one.level,
         "text": one.text}
        for one in bank.questions(language, field)
        if category in {None, one.category} and level in {None, one.level}
    ]  # fmt: skip
    return JSONResponse({"language": language, "questions": found})


async def _language(request: Request, asked: str | None) -> str:
    """Return the bank's language to show, read from disk by now."""
    await who(request)  # the account's language
    bank = parts(request).bank
    language = asked or problems.reader_language(request)
    if language not in bank.languages:
        raise errors.Invalid(
            "language_unknown", language=language[:20], known=", ".join(bank.languages)
        )
    await asyncio.to_thread(bank.questions, language)
    return language
