"""Style sheets, scripts and drawings, held in memory under an address of their content.

Scripts are ES modules that import one another by relative address. So the version stands in
the folder (/static/<version>/room.js) rather than in a query: one address changes them all,
and every file may be kept by the browser for ever.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mulakat import errors

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent / "static"

MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

STYLES = "mulakat.css"
"""The one style sheet of the candidate's pages: styles/base.css, then the others by name."""

_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?"\./([^"]+)"', re.MULTILINE)

FOR_EVER = "public, max-age=31536000, immutable"


@cache
def static_files() -> Mapping[str, bytes]:
    """Return the files by name: some tens of KiB, held so that serving them takes no thread."""
    found = sorted(path for path in FOLDER.iterdir() if path.suffix in MEDIA_TYPES)
    return {STYLES: _styles()} | {path.name: path.read_bytes() for path in found}


def _styles() -> bytes:
    sheets = sorted((FOLDER / "styles").glob("*.css"), key=lambda one: (one.stem != "base", one))
    return b"\n".join(sheet.read_bytes() for sheet in sheets)


@cache
def packed_files() -> Mapping[str, bytes]:
    """Return the files as browsers prefer them, packed once: a third of the bytes on the way.

    Pages themselves are not packed: beside a session's secret they repeat what was typed, and
    the length of a packed page would tell of both (BREACH).
    """
    return {name: gzip.compress(content, 9, mtime=0) for name, content in static_files().items()}


@cache
def modules(name: str) -> tuple[str, ...]:
    """Return a script with all that it imports, and what that imports: a page that names them
    all has them fetched at once, not one after another finds the next.
    """
    found = [name]
    for one in found:  # grows as it goes
        imports = _IMPORT.findall(static_files()[one].decode())
        found += [other for other in dict.fromkeys(imports) if other not in found]
    return tuple(found)


@cache
def static_version() -> str:
    """Return a name for the present content of all static files."""
    digest = hashlib.sha256()
    for name, content in static_files().items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


@router.api_route("/static/{version}/{name}", methods=["GET", "HEAD"])
async def static(request: Request, version: str, name: str) -> Response:
    """A style sheet, script or drawing; under an old version it is gone, never stale."""
    content = static_files().get(name)
    if content is None or version != static_version():
        raise errors.NotFound
    headers = {
        "Cache-Control": FOR_EVER,
        "Vary": "Accept-Encoding",
        # All that a drawing opened by itself needs; a page's policy says it at length, and a
        # page has twenty of these.
        "Content-Security-Policy": "default-src 'none'",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = packed_files()[name], "gzip"
    return Response(content, media_type=MEDIA_TYPES[Path(name).suffix], headers=headers)
