"""The operator's pages beside the one of memory: who has an account, what was practised, what
was sent elsewhere. Figures only: nothing that a candidate said.

Access: the operator; /admin has the login.
"""

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import clock, errors
from mulakat.languages import messages
from mulakat.observe.log import logger
from mulakat.store.accounts import PAGE
from mulakat.web import pages, problems
from mulakat.web.address import client_address
from mulakat.web.figures import size
from mulakat.web.routes.data import SUMMED, delete_account
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

LATELY = timedelta(days=7)
"""What is counted of interviews and answers that have ended."""


@router.get("/admin/users")
async def users(request: Request, before: str = "") -> HTMLResponse:
    """Who has an account, the newest first, a page at a time."""
    here = parts(request)
    found = await here.accounts.page(before[:64] or None)
    return await pages.page(
        request,
        "admin_users.html",
        users=found,
        count=await here.accounts.count(),
        older=found[-1]["id"] if len(found) == PAGE else None,
        first=not before,
    )


@router.get("/admin/users/{account_id}/delete")
async def ask(request: Request, account_id: str) -> HTMLResponse:
    """Whether an account is to be deleted, with all that belongs to it."""
    found = await parts(request).accounts.get(account_id)
    if found is None:
        raise errors.NotFound
    return await pages.page(request, "admin_delete_user.html", user=found)


@router.post("/admin/users/{account_id}/delete")
async def delete(request: Request, account_id: str) -> Response:
    """Delete somebody's account, as its owner would."""
    await delete_account(parts(request), account_id)
    return pages.told(request, "/admin/users", "user_deleted")


@router.get("/admin/interviews")
async def interviews(request: Request) -> HTMLResponse:
    """What is practised now and came of it lately, in figures."""
    here = parts(request)
    figures = await here.census.since(clock.now() - LATELY)
    depth = await here.answers.depth()
    titles = messages(problems.reader_language(request))["error_title"]
    return await pages.page(
        request,
        "admin_interviews.html",
        figures=figures,
        depth=depth,
        days=LATELY.days,
        reasons=[
            (titles.get(code, titles["internal"]), count) for code, count in figures.failed.items()
        ],
    )


@router.post("/admin/interviews/clear")
async def clear(request: Request) -> Response:
    """End every unfinished interview; what was answered stays."""
    cleared = await parts(request).interviews.clear_all()
    logger("audit").info(
        "admin action",
        action="clear_interviews",
        address=client_address(request),
        cleared_count=cleared,
    )
    return pages.told(request, "/admin/interviews", "interviews_cleared")


@router.get("/admin/interviews/clear")
async def ask_clear(request: Request) -> HTMLResponse:
    """Whether all unfinished interviews are to be ended."""
    running = await parts(request).interviews.running()
    return await pages.page(request, "admin_clear.html", running=running)


@router.get("/admin/elsewhere")
async def elsewhere(request: Request) -> HTMLResponse:
    """What was sent to other servers in the last 30 days, by provider."""
    here, reader = parts(request), problems.reader_language(request)
    sums = await here.ledger.sums(clock.now() - SUMMED)
    return await pages.page(
        request,
        "admin_elsewhere.html",
        days=SUMMED.days,
        sums=[
            one
            | {name: size(int(one[name] or 0), reader) for name in ("bytes_sent", "bytes_received")}
            for one in sums
        ],
    )
