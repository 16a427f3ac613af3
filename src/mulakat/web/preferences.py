"""What a browser's reader chose for all pages: language and theme, kept in cookies of their own.

They are no secrets and nobody's identity: a guest has them too, and they outlive a logout.
"""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from mulakat.languages import codes
from mulakat.web.address import over_tls

LANGUAGE_COOKIE = "mulakat_language"

THEME_COOKIE = "mulakat_theme"

THEMES = ("auto", "light", "dark")
"""auto: as the device says."""

VOICE_COOKIE = "mulakat_voice"

YEAR = 365 * 86_400
"""Seconds."""


def theme(request: Request) -> Literal["auto", "light", "dark"]:
    """Return the chosen theme."""
    match request.cookies.get(THEME_COOKIE):
        case "light":
            return "light"
        case "dark":
            return "dark"
    return "auto"


def voice(request: Request) -> bool:
    """Return whether questions are read aloud of themselves, as they are unless switched off."""
    return request.cookies.get(VOICE_COOKIE) != "off"


def keep_voice(request: Request, response: Response, on: bool) -> None:
    """Have the browser remember whether questions are read aloud."""
    _set(request, response, VOICE_COOKIE, "on" if on else "off")


def keep(
    request: Request, response: Response, *, language: str | None = None, chosen: str | None = None
) -> None:
    """Have the browser remember a language, a theme, or both; what is not ours is not kept."""
    if language in codes():
        _set(request, response, LANGUAGE_COOKIE, str(language))
    if chosen in THEMES:
        _set(request, response, THEME_COOKIE, str(chosen))


def _set(request: Request, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR, path="/", secure=over_tls(request), httponly=True,
        samesite="lax",
    )  # fmt: skip
