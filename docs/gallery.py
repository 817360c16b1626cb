"""Write the files that `gallery.md` shows: `python docs/gallery.py`.

It needs Keras and, for the screenshot, Chromium with its driver. The tests check the texts.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import sympy

import convcost
from convcost._report.table import Table
from convcost.symbols import symbol

FOLDER = Path(__file__).with_name("gallery")
sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))


def plain(config: Any) -> Any:
    """Return a config without what does not affect any count: initializers and the like."""
    left_out = ("_initializer", "_regularizer", "_constraint", "compile_config")
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items() if not key.endswith(left_out)}
    return [plain(one) for one in config] if isinstance(config, list) else config


def fashion_mnist_json() -> str:
    """Return the config of the example's model, its layers named as in a fresh session."""
    from train_fashion_mnist import build_model

    keras.backend.clear_session()
    config = plain(json.loads(build_model().to_json()))
    return json.dumps(config, indent=1) + "\n"


def fashion_mnist() -> str:
    """Return the report of the example's model."""
    return text(convcost.summary(FOLDER / "fashion_mnist.json"))


def text(table: Table) -> str:
    """Return a table as it prints on a terminal with 120 columns."""
    return table.to_text(120) + "\n"


def mobilenet() -> str:
    """Return the comparison of MobileNet with the same network with standard convolutions."""
    network = convcost.from_keras(keras.applications.MobileNet(weights=None))
    comparison = convcost.compare(network.with_standard(), network)
    # Without the layers that are equal in both, and without normalization.
    left_out = (" 1", "BatchNormalization")
    lines = text(comparison).splitlines()
    kept = [line for line in lines if not line.endswith(left_out[0]) and left_out[1] not in line]
    return "\n".join(kept) + "\n"


def symbolic() -> str:
    """Return the MACs of MobileNetV2 as a formula in its input sides."""
    h, w, k = symbol("h"), symbol("w"), symbol("k")
    network = convcost.from_keras(keras.applications.MobileNetV2(weights=None), (h, w, 3))
    macs = network.macs
    terms = "\n   + ".join(str(term) for term in sympy.Add.make_args(macs))
    square = sympy.expand(macs.subs({h: 32 * k, w: 32 * k}))
    return f"MACs = {terms}\n\nh = w = 32*k: {square}\nk = 7: {int(square.subs(k, 7)):,}\n"


TEXTS = {"fashion_mnist.txt": fashion_mnist, "mobilenet.txt": mobilenet, "symbolic.txt": symbolic}


def pictures() -> None:
    """Write the plot, and a screenshot of the page."""
    import matplotlib

    matplotlib.use("agg")
    report = convcost.summary(keras.applications.MobileNetV2(weights=None))
    report.group("block").plot().savefig(FOLDER / "plot.png", dpi=80)
    page = FOLDER / "report.html"
    report.to_html(page)
    screenshot(page)
    page.unlink()


def screenshot(page: Path) -> None:
    """Sort the page by MACs in Chromium, and take a screenshot."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("headless=new", "no-sandbox", "window-size=1200,1250"):
        options.add_argument(f"--{argument}")
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        browser.implicitly_wait(30)
        browser.get(page.as_uri())
        heads = browser.find_elements("css selector", "#layers thead th")
        (macs,) = [head for head in heads if head.text.strip() == "MACs"]
        macs.click()  # the largest first
        browser.execute_script("window.scrollTo(0, 0)")
        browser.save_screenshot(str(FOLDER / "report.png"))
    finally:
        browser.quit()


def main() -> None:
    """Write the texts and the pictures."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "fashion_mnist.json").write_text(fashion_mnist_json(), encoding="utf-8")
    for name, make in TEXTS.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
    pictures()


if __name__ == "__main__":
    main()
