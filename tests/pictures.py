"""Pictures of every page in both languages, both themes and two widths: `make pictures`.

python tests/pictures.py FOLDER [PAGE …]
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from chromium import CHROMIUM, FLAGS
from mulakat.languages import codes
from stage import staged

WIDTHS = (390, 1280)


def main(folder: Path, only: list[str]) -> None:
    """Write FOLDER/page-language-theme-width.png of each page, or of the given ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in codes():
        with (
            tempfile.TemporaryDirectory() as data,
            staged(Path(data) / "data", language) as stage,
            sync_playwright() as playwright,
        ):
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            for theme in ("light", "dark"):
                for width in WIDTHS:
                    for name, (path, inside) in stage.pages.items():
                        if only and name not in only:
                            continue
                        context = chromium.new_context(
                            viewport={"width": width, "height": 844},
                            color_scheme=theme,
                            locale=language,
                        )
                        if inside:
                            context.add_cookies(stage.cookies)
                        page = context.new_page()
                        page.goto(stage.server.url + path, wait_until="load")
                        page.wait_for_timeout(300)  # its scripts draw
                        picture = folder / f"{name}-{language}-{theme}-{width}.png"
                        page.screenshot(path=picture, full_page=True)
                        context.close()
                        print(picture)
            chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
