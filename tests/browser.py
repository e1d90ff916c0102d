"""A real Chromium for tests of pages, and a server of files for it."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 20


def find_programs():
    """Paths of Chromium and its driver; skips where there is none, but never in CI."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium and driver:
        return chromium, driver
    reason = "no Chromium with chromedriver here (Debian: apt-get install chromium chromium-driver)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """Chromium with a page in it."""

    def __init__(self, downloads):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        chromium, driver = find_programs()
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(word)
        options.add_argument("--window-size=1300,800")
        options.add_experimental_option(
            "prefs", {"download.default_directory": str(downloads), "download.prompt": False}
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # The path of the driver is given, so that selenium never looks for one elsewhere.
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.downloads = Path(downloads)

    def open(self, address):
        """Go to an address; one that differs in its part behind # alone is loaded anew too."""
        self.driver.get("about:blank")
        self.driver.get(address)

    def run(self, script, *arguments):
        """Run a function's body in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """Wait until an expression is true, and return it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = self.run(f"return {script}", *arguments)
            if found:
                return found
            time.sleep(0.05)
        seen = self.run("return document.body.innerText")
        raise AssertionError(f"not within {PATIENCE_S} s: {script}\n{seen}\n{self.complaints()}")

    def let_draw(self):
        """Wait until the page has drawn what was changed."""
        self.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        )

    def find(self, selector):
        """First element of a CSS selector."""
        return self.driver.find_element("css selector", selector)

    def press(self, keys):
        """Type on the page."""
        self.find("body").send_keys(keys)

    def text(self, selector):
        """Text of an element."""
        return self.find(selector).text

    def choose(self, selector, value):
        """Choose an option of a list."""
        from selenium.webdriver.support.ui import Select

        Select(self.find(selector)).select_by_value(value)

    def downloaded(self, name):
        """Wait for a download, and take it away."""
        path = self.downloads / name
        end = time.monotonic() + PATIENCE_S
        while not path.is_file() and time.monotonic() < end:
            time.sleep(0.05)
        content = path.read_bytes()
        path.unlink()
        return content

    def complaints(self):
        """Errors and warnings that the page has put on the console since the last look."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


class Server:
    """A file server on a port that is free."""

    def __init__(self, command, cwd):
        self.process = subprocess.Popen(
            [sys.executable, "-u", *command],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = self.process.stdout.readline()
        self.port = int(re.search(r"(?:port |127\.0\.0\.1:)(\d+)", said)[1])
        self.address = f"http://127.0.0.1:{self.port}"

    def close(self):
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser, started once."""
    browser = Browser(tmp_path_factory.mktemp("downloads"))
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(chromium):
    """The browser; a page that complains on its console fails the test."""
    chromium.complaints()
    yield chromium
    complaints = chromium.complaints()
    assert not complaints, complaints
    chromium.run("localStorage.clear()")
    chromium.driver.get("about:blank")
