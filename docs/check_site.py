"""Check a built site: every link, anchor and picture is there, and pages open in a browser.

usage: python docs/check_site.py docs/_build
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPENED = ("index.html", "made/rules.html", "made/systems/sym_stdp.html", "made/api/engine.html")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links and anchors."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def find_broken(site: Path) -> list[str]:
    """Return one line per link within the site that leads nowhere."""
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    broken = []
    for path, page in pages.items():
        if "_static" in path.parts:  # templates of the theme
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                broken.append(f"{path.relative_to(site.resolve())}: no file for {link}")
            elif parts.fragment and target in pages:
                if unquote(parts.fragment) not in pages[target].anchors:
                    broken.append(f"{path.relative_to(site.resolve())}: no anchor for {link}")
    return broken


def open_pages(site: Path, browser: str) -> list[str]:
    """Return one line per page that the browser does not show."""
    wrong = []
    for name in OPENED:
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "page.png"
            command = [browser, *_OPTIONS, f"--user-data-dir={folder}/user",
                       "--window-size=1280,1600", f"--screenshot={picture}",
                       (site / name).resolve().as_uri()]  # fmt: skip
            subprocess.run(command, capture_output=True, timeout=120, check=False)
            if not picture.exists() or picture.stat().st_size < 20_000:
                wrong.append(f"{name}: the browser shows nothing")
    return wrong


def main(site: Path) -> int:
    """Print what is wrong and return the exit code."""
    wrong = find_broken(site)
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print("no browser: no page was opened in one")
    else:
        wrong += open_pages(site, browser)
    print("\n".join(wrong) or f"{len(list(site.rglob('*.html')))} pages, no broken link")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
