"""The browser that tests drive: the system's, else Playwright's own download, else Debian's package.

Run as a program it makes sure that there is one, and exits 1 where none can be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def system_browser() -> str | None:
    """Path of an installed Chromium or Chrome."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def starts() -> bool:
    """Whether Playwright can start a browser: Playwright's download also lacks system libraries at times."""
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            playwright.chromium.launch(executable_path=system_browser(), args=["--no-sandbox"]).close()
    except Error:
        return False
    return True


def missing(words: str) -> None:
    """Skip a test for something that is not there, but never in CI."""
    import pytest

    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def main() -> int:
    if starts():
        return 0
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        commands += [["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "chromium"]]
    for command in commands:
        print("$", *command, flush=True)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, check=False
        )
        if done.returncode == 0 and starts():
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
