"""The first page of who is logged in: where you were, how it goes, what to do next.

Access: the account's own; routes/pages/landing.py decides who gets it.
"""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from mulakat.interview.noise import interval
from mulakat.interview.progress import STRETCH, progress
from mulakat.interview.report import field_name
from mulakat.interview.report_text import moment
from mulakat.interview.scores import shown
from mulakat.interview.trend import overall
from mulakat.settings import MAX_AUDIO_BYTES, MAX_AUDIO_SECONDS
from mulakat.store.accounts import Account
from mulakat.store.history import Told
from mulakat.store.interview_values import Interview
from mulakat.web import pages, problems
from mulakat.web.charts import chart
from mulakat.web.routes.pages.history import shown_entry
from mulakat.web.routes.pages.practice import local_problems
from mulakat.web.state import Parts, parts

GLANCE = 20
"""Answers that the small line shows: the latest stretch, the one before, and some more."""

LATELY = 3
"""Entries of the history."""


async def home(request: Request, account: Account) -> HTMLResponse:
    """Return the page of an account."""
    here, reader = parts(request), problems.reader_language(request)
    interview = await _active(here, account.id)
    told = await here.history.latest(account.id, GLANCE, criteria=False)
    lately = await here.timeline.page(account.id, None, LATELY + 1)
    entries = [
        shown_entry(one, here.bank, reader)
        for one in lately
        if interview is None or one.id != interview.id
    ]
    return await pages.page(
        request,
        "home.html",
        live="answering.live",  # of what an earlier visit left unsent
        data={
            "problems": local_problems(reader),
            "limits": {"bytes": MAX_AUDIO_BYTES, "seconds": MAX_AUDIO_SECONDS},
            "owner": account.id,
        },
        moment=moment,
        interview=interview,
        field=field_name(here.bank, interview.field, reader) if interview else None,
        entries=entries[:LATELY],
        glance=glance(told, reader),
        waiting=next((one for one in entries if one["state"] in {"queued", "running"}), None),
    )


async def _active(here: Parts, account: str) -> Interview | None:
    found = await here.interviews.active(account)
    if found and found.state in {"created", "evaluating"}:
        await here.interviews.advance(found.id)
        found = await here.interviews.active(account)
    return found


def glance(told: list[Told], reader: str) -> dict[str, Any] | None:
    """Return the state of progress: the latest mean, what changed, and the line; None without
    any score. `told` are the latest finished answers, the oldest first.
    """
    found = progress(told, reader)["overall"]
    scores = [point["score"] for point in found["points"]]
    latest = shown(interval(scores[-STRETCH:]), reader)
    if latest is None:
        return None
    return {
        "latest": latest,
        "answers": len(scores[-STRETCH:]),
        "before": found["before"],
        "change": found["change"],
        "chart": chart(overall(told, reader), reader),
    }
