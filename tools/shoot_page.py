"""Takes the pictures of the README: `shoot_page.py URL` while `make world` serves the page there."""

from __future__ import annotations

import argparse
from pathlib import Path

from chromium import find_chromium
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
_WIDTH, _HEIGHT = 1280, 1330


def main() -> None:
    """Writes the head of the page, and the section with the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of the page, such as http://127.0.0.1:8480/")
    url = parser.parse_args().url
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        page.goto(url, wait_until="networkidle")
        page.screenshot(path=IMAGES / "overview.png")
        page.locator("#growing").screenshot(path=IMAGES / "verdict.png")
        browser.close()
    print(f"written: {IMAGES / 'overview.png'}, {IMAGES / 'verdict.png'}")


if __name__ == "__main__":
    main()
