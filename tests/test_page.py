"""The HTML report in a browser without a network connection."""

import shutil
import time

import pytest

import convcost

CONFIG = {
    "name": "<b>page</b>",
    "layers": [
        {"class_name": "Conv2D", "config": {"name": "a", "filters": 8, "kernel_size": 3}},
        {"class_name": "Conv2D", "config": {"name": "b", "filters": 64, "kernel_size": 3}},
        {"class_name": "Flatten", "config": {"name": "<img src=x onerror=document.title='ran'>"}},
        {"class_name": "Dense", "config": {"name": "d", "units": 10}},
    ],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    text = convcost.summary(CONFIG, (28, 28, 3)).to_html(path)
    assert path.read_text(encoding="utf-8") == text
    return path


@pytest.fixture(scope="module")
def browser():
    selenium = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium with its driver: Debian's chromium and chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    # No host name resolves: anything that the page loads from elsewhere fails, and is logged.
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "window-size=1200,1600",
    ):
        options.add_argument(f"--{argument}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = selenium.Chrome(options, selenium.ChromeService(driver))
    yield made
    made.quit()


def cells(browser, column):
    # In one step, because sorting replaces the rows.
    return browser.execute_script(
        "return [...document.querySelectorAll("
        f"'#layers tbody td:nth-child({column})')].map(cell => cell.innerText.trim())"
    )


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the page did not get there"
        time.sleep(0.1)


def test_the_table_sorts_and_nothing_is_loaded_or_run(page, browser):
    browser.get(page.as_uri())
    wait_for(lambda: len(cells(browser, 1)) == 4)
    assert cells(browser, 1)[:2] == ["a", "b"]
    report = convcost.summary(CONFIG, (28, 28, 3))
    heads = browser.find_elements("css selector", "#layers thead th")
    (macs,) = [head for head in heads if head.text.strip() == "MACs"]
    for _ in range(2):  # once for the smallest first, once more for the largest
        macs.click()
    largest = report.sort("macs").lines[0]
    wait_for(lambda: cells(browser, 1)[0] == largest[0] == "b")
    assert cells(browser, 5)[0] == f"{largest[4]:,}"
    assert cells(browser, 5) == [f"{line[4]:,}" for line in report.sort("macs").lines]
    bars = browser.find_elements("css selector", ".js-plotly-plot .bars .point")
    assert len(bars) == 2 * 4
    # Names are text, even if they look like HTML.
    assert browser.title == "<b>page</b>: (28, 28, 3)"
    assert "<img src=x onerror=document.title='ran'>" in cells(browser, 1)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_page_holds_everything(page):
    text = page.read_text(encoding="utf-8")
    assert 10**6 < len(text) < 10**7
    assert "<script src=" not in text
    assert "<b>page</b>" not in text
