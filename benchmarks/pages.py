"""How long the pages of a report take to open from disk in Chromium: the median and the longest of several times.

Example: `python benchmarks/pages.py report --times 5`.
"""

import argparse
import shutil
import time
from pathlib import Path

import pandas as pd
from playwright.sync_api import Browser, sync_playwright


def seconds(browser: Browser, page: Path) -> float:
    """Seconds from the address to the load event, in a browser context of its own."""
    context = browser.new_context()
    opened = context.new_page()
    begun = time.perf_counter()
    opened.goto(page.as_uri())
    took = time.perf_counter() - begun
    context.close()
    return took


def main() -> None:
    """Prints a table with a row for each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="its path")
    told = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=told.chromium, args=["--no-sandbox"])
        rows = []
        for page in sorted(told.report.resolve().glob("*.html")):
            took = pd.Series([seconds(browser, page) for _ in range(told.times)])
            rows.append((page.name, page.stat().st_size / 1e6, took.median(), took.max()))
        browser.close()
    table = pd.DataFrame(rows, columns=["page", "megabytes", "median_seconds", "longest_seconds"])
    print(table.to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
