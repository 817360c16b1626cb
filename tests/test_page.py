"""The HTML report in a browser without a network connection."""

import shutil
import time

import pytest

import convcost
from convcost.symbols import symbol

# Two layers of a block, and some that are in none.
CONFIG = {
    "name": "<b>page</b>",
    "layers": [
        {"class_name": "Conv2D", "config": {"name": "block_1_a", "filters": 8, "kernel_size": 3}},
        {"class_name": "Conv2D", "config": {"name": "block_1_b", "filters": 64, "kernel_size": 3}},
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
def started():
    """Return a function that starts a browser, with these preferences and arguments."""
    selenium = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium with its driver: Debian's chromium and chromium-driver")
    running = []

    def start(preferences, *arguments):
        options = selenium.ChromeOptions()
        options.binary_location = chromium
        # No host name resolves: anything that the page loads from elsewhere fails, and is logged.
        common = ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars")
        for argument in (*common, "host-resolver-rules=MAP * ~NOTFOUND", *arguments):
            options.add_argument(f"--{argument}")
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        running.append(selenium.Chrome(options, selenium.ChromeService(driver)))
        return running[-1]

    yield start
    for one in running:
        one.quit()


@pytest.fixture(scope="module")
def browser(started):
    return started({})


@pytest.fixture(scope="module")
def without_scripts(started):
    return started({"profile.managed_default_content_settings.javascript": 2})


def opened(browser, page, width=1300):
    """Open the page in a window of a width, which a window of the system can't have below 500."""
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(page.as_uri())


def cells(browser, column):
    # In one step, because sorting replaces the rows.
    return browser.execute_script(
        "return [...document.querySelectorAll('#layers tbody tr:not([hidden])')]"
        f".map(row => row.cells[{column - 1}].innerText.trim())"
    )


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the page did not get there"
        time.sleep(0.1)


def test_the_table_sorts_and_nothing_is_loaded_or_run(page, browser):
    opened(browser, page)
    assert cells(browser, 1)[:2] == ["block_1_a", "block_1_b"]
    report = convcost.summary(CONFIG, (28, 28, 3))
    heads = browser.find_elements("css selector", "#layers thead th")
    (macs,) = [head for head in heads if head.text.strip() == "MACs"]
    macs.click()  # the largest first, as numbers
    largest = report.sort("macs").lines
    wait_for(lambda: cells(browser, 1)[0] == largest[0][0] == "block_1_b")
    assert cells(browser, 5) == [f"{line[4]:,}" for line in largest]
    macs.click()
    wait_for(lambda: cells(browser, 5) == [f"{line[4]:,}" for line in reversed(largest)])
    # Names are text, even if they look like HTML.
    assert browser.title == "<b>page</b>: (28, 28, 3)"
    assert "<img src=x onerror=document.title='ran'>" in cells(browser, 1)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_search_leaves_the_layers_with_all_its_words(page, browser):
    opened(browser, page)
    search, found = (browser.find_element("css selector", one) for one in ("#search", "#found"))
    search.send_keys("conv2d BLOCK")
    assert cells(browser, 1) == ["block_1_a", "block_1_b"]
    assert found.text == "2 of 4"
    search.clear()
    search.send_keys(" ")
    assert len(cells(browser, 1)) == 4
    assert found.text == ""


def test_the_blocks_fold_and_their_bars_are_their_shares(page, browser):
    opened(browser, page)
    report = convcost.summary(CONFIG, (28, 28, 3)).group("block")
    lines = browser.find_elements("css selector", ".tree > details > summary, .tree > .line")
    names = [one.find_element("css selector", ".name").text for one in lines]
    assert names == ["block_1", "d"]  # the layer without a cost is left out
    assert [one.text for one in browser.find_elements("css selector", "details .name")] == [
        *("block_1", "block_1_a", "block_1_b"),
    ]
    lines[0].click()
    assert [one.text for one in browser.find_elements("css selector", "details .name")][1:] == [
        *("", ""),
    ]
    for line, entry in zip(lines, (report.entries[0], report.entries[2]), strict=True):
        width = line.find_element("css selector", ".bars").rect["width"]
        for bar, quantity in (("m", "macs"), ("p", "params")):
            share = getattr(entry.cost, quantity) / getattr(report.total(), quantity)
            drawn = line.find_element("css selector", f".bars .{bar}").rect["width"]
            assert drawn == pytest.approx(share * width, abs=1.5)


@pytest.mark.parametrize("width", [1300, 400])
def test_the_page_fits_and_reads_without_scripts(page, without_scripts, browser, width):
    for one in (browser, without_scripts):
        opened(one, page, width)
        text = one.find_element("tag name", "body").text
        assert f"total: {convcost.summary(CONFIG, (28, 28, 3)).total()}" in text
        assert "(3*3*3+1)*8 = 224" in text
        assert one.find_element("css selector", "summary .name").text == "block_1"
    assert not without_scripts.find_element("css selector", "#tools").is_displayed()
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    opened(browser, page, width)
    assert browser.execute_script(overflow) <= 0


def test_dark_colours_follow_the_system(page, browser):
    colors = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        opened(browser, page)
        body = browser.find_element("tag name", "body")
        colors.append(
            (body.value_of_css_property("background-color"), body.value_of_css_property("color"))
        )
    assert colors == [
        ("rgba(255, 255, 255, 1)", "rgba(29, 31, 35, 1)"),
        ("rgba(22, 24, 28, 1)", "rgba(230, 232, 236, 1)"),
    ]


def test_the_page_holds_everything_and_is_small(page):
    text = page.read_text(encoding="utf-8")
    assert len(text) < 20_000
    assert "<script src=" not in text
    assert "<b>page</b>" not in text
    mobilenet = convcost.summary("MobileNetV2").to_html()
    assert len(mobilenet) < 10**6


def test_nested_models_are_blocks_and_symbols_have_no_bars():
    inner = {"name": "encoder", "layers": [*CONFIG["layers"][:2]]}
    model = {"name": "outer", "layers": [{"class_name": "Sequential", "config": inner}]}
    text = convcost.summary(model, (28, 28, 3)).to_html()
    assert text.index('<details open><summary class="line"><span class="name">encoder') > 0
    open_sides = convcost.summary({**CONFIG, "layers": CONFIG["layers"][:1]}, (symbol("h"), 28, 3))
    text = open_sides.to_html()
    assert "5616*h - 11232" in text
    assert '<i class="m"' not in text
    assert '<i class="p" style="width:100.000%">' in text
    empty = convcost.summary(model, (28, 28, 3)).filter(lambda _: False).to_html()
    assert "<h2>Blocks" not in empty
