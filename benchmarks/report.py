"""Write the tables and plots of the docs, and the table of the README, from the figures.

`python benchmarks/report.py` rewrites them from `docs/benchmarks/results.json`.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from results import FILE, HERE, Results
from suite.peers import COUNTERS, OURS, PEERS
from suite.subjects import LAYERS
from tabulate import tabulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from convcost.layers import Layer

FOLDER = FILE.parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
NOTE = "<!-- Written by benchmarks/report.py from results.json; change those. -->"

COUNTED, TIMED = "layers.Layers.track_macs", "layers.LayerTimes.time_count"
MODELS, MODEL_TIMES = "models.Models.track_macs", "models.ModelTimes.time_count"
IMPORT, CALL = "calls.Import.timeraw_import", "calls.Call.time_call"
# The module to import before a peer can count.
MODULES = {
    "convcost": "convcost",
    "TF profiler": "tensorflow",
    "fvcore": "fvcore.nn",
    "torchinfo": "torchinfo",
    "thop": "thop",
    "ptflops": "ptflops",
    "calflops": "calflops",
}


def table(heading: list[str], rows: Iterable[list[str]], numbers: int | None = None) -> str:
    """Return a Markdown table, the first column aligned left and the others right."""
    right = len(heading) - 1 if numbers is None else numbers
    align = ["left"] * (len(heading) - right) + ["right"] * right
    text = tabulate(list(rows), heading, tablefmt="pipe", colalign=align, disable_numparse=True)
    return str(text)


def seconds(value: float | None) -> str:
    """Return a time with its unit, to three significant digits.

    Examples
    --------
    >>> seconds(0.0000123), seconds(0.25), seconds(75.04)
    ('12.3 µs', '250 ms', '75 s')
    """
    if value is None:
        return "-"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if value * factor >= 1 or unit == "ns":
            return f"{float(f'{value * factor:.3g}'):g} {unit}"
    raise AssertionError


def times(value: float) -> str:
    """Return a ratio to three significant digits, or to two from 10 on.

    Examples
    --------
    >>> times(1.526), times(15.26), times(1526)
    ('1.53x', '15x', '1,500x')
    """
    return f"{float(f'{value:.3g}' if value < 10 else f'{value:.2g}'):,g}x"


def _ratio(value: float | None, other: float) -> str:
    return "-" if value is None else times(value / other)


def verdict(counted: float | None, layer: Layer, shape: tuple[int, ...]) -> str:
    """Return which number a counter reports: nominal, effective, another one, or none."""
    if counted is None:
        return "-"
    for effective, word in ((False, "nominal"), (True, "effective")):
        if counted == layer.cost(layer.given([shape]), effective=effective).macs:
            return word
    return f"**{int(counted):,}**"


def layers_table(results: Results) -> str:
    """Return the table of what each counter reports for each layer."""
    rows = []
    for name, (layer, shape) in LAYERS.items():
        given = layer.given([shape])
        nominal, effective = (layer.cost(given, effective=flag).macs for flag in (False, True))
        said = [verdict(results.get(COUNTED, name, peer), layer, shape) for peer in PEERS]
        numbers = [" x ".join(map(str, shape)), f"{nominal:,}", f"{effective:,}"]
        rows.append([f"`{name}`", *numbers, *said])
    return table(["layer", "input", "nominal MACs", "effective", *PEERS], rows)


def models_table(results: Results) -> str:
    """Return the table of what each counter reports for each model, and how far from convcost."""
    names, counters = results.parameters(MODELS)
    rows = []
    for counter in counters:
        if counter in OURS and counter != "convcost":
            continue
        row = [counter]
        for name in names:
            value, ours = (results.get(MODELS, name, who) for who in (counter, "convcost"))
            assert ours is not None
            row.append(f"{int(ours):,}" if counter == "convcost" else _difference(value, int(ours)))
        rows.append(row)
    return table(["counter", *names], rows)


def _difference(value: float | None, ours: int) -> str:
    """Return how far a count is from ours: in percent, or as a number where that would be zero."""
    if value is None:
        return "-"
    difference = int(value) - ours
    percent = f"{difference / ours:+.2%}"
    return "equal" if not difference else f"{difference:+,}" if "0.00" in percent else percent


def times_table(results: Results) -> str:
    """Return the table of the times of each counter, also as multiples of convcost's."""
    layer, *_ = results.parameters(TIMED)[0]
    models = results.parameters(MODEL_TIMES)[0]
    rows = []
    for counter in COUNTERS:
        row = [counter]
        if counter in results.parameters(TIMED)[1]:
            value = results.get(TIMED, layer, counter)
            row += [seconds(value), _ratio(value, results.value(TIMED, layer, "convcost"))]
        else:
            row += ["", ""]
        for model in models:
            value = results.get(MODEL_TIMES, model, counter)
            row += [seconds(value), _ratio(value, results.value(MODEL_TIMES, model, "convcost"))]
        module = MODULES.get(counter)
        row.append(seconds(results.get(IMPORT, module)) if module else "")
        rows.append(row)
    heading = ["counter", "a `Conv2D`", ""]
    for model in models:
        heading += [model, ""]
    return table([*heading, "import"], rows)


def call_table(results: Results) -> str:
    """Return the table of the time of one call, and that of the bare expression."""
    bare, call = results.parameters(CALL)[0]
    rows = [
        [
            f"`{what}`" if what == call else what,
            seconds(results.get(CALL, what)),
            _ratio(results.get(CALL, what), results.value(CALL, bare)),
        ]
        for what in (bare, call)
    ]
    return table(["one design, of plain integers", "time", ""], rows)


GRID, ONE = "sweeps.Grid.time_all", "sweeps.OneByOne.time_one"
CLUSTER = "sweeps.Cluster.time_all"
COLUMNS = "sweeps.Columns"
EVERYTHING, PRUNED = "sweeps.Everything", "sweeps.Pruned"


def millions_table(results: Results) -> str:
    """Return the table of 3.1 million designs, compared with a memory write and one by one."""
    from suite.sweeps import MILLIONS

    (ways,) = results.parameters(GRID)
    full = results.value(GRID, "np.full")
    number = prod(len(values) for values in MILLIONS.values())
    rows = []
    for way in ways:
        value = results.get(GRID, way)
        each = "-" if value is None else seconds(value / number)
        rows.append([way, seconds(value), each, _ratio(value, full)])
    for counter in results.parameters(ONE)[0]:
        value = results.value(ONE, counter)
        rows.append([f"{counter}, one by one", "", seconds(value), times(value / (full / number))])
    return table([f"{number:,} designs", "time", "per design", "np.full"], rows)


def columns_table(results: Results) -> str:
    """Return the table of the times of a million layers together, and of one."""
    rows = []
    for macs in results.parameters(f"{COLUMNS}.time_one")[0]:
        one, together = (
            results.value(f"{COLUMNS}.time_{what}", macs) for what in ("one", "together")
        )
        each = together / 1_000_000
        rows.append([macs, seconds(one), seconds(together), seconds(each), times(one / each)])
    heading = ["MACs", "one layer", "1,000,000 as columns", "per design", "faster"]
    return table(heading, rows)


def large_table(results: Results) -> str:
    """Return the table of the time and memory that 10^9 and 10^12 designs take."""
    rows = []
    questions, ways = results.parameters(f"{EVERYTHING}.time_all")
    for question in questions:
        hand = results.value(f"{EVERYTHING}.time_all", question, ways[0])
        for way in ways:
            rows.append(
                [
                    "10^9, each counted",
                    question,
                    way,
                    *_figures(results, EVERYTHING, "all", (question, way)),
                    _ratio(results.get(f"{EVERYTHING}.time_all", question, way), hand),
                ]
            )
    for question in results.parameters(f"{PRUNED}.time_pruned")[0]:
        figures = _figures(results, PRUNED, "pruned", (question,))
        rows.append(["10^12, pruned", question, "convcost", *figures, ""])
    heading = ["designs", "question", "way", "answer", "time", "peak memory", "by hand"]
    return table(heading, rows, 4)


def cluster_table(results: Results) -> str:
    """Return the table of the times of one and of two processes."""
    rows = []
    questions, processes = results.parameters(CLUSTER)
    for question in questions:
        one = results.value(CLUSTER, question, processes[0])
        row = [question]
        for number in processes:
            value = results.get(CLUSTER, question, number)
            row += [seconds(value)]
        last = results.value(CLUSTER, question, processes[-1])
        rows.append([*row, times(one / last)])
    heading = [f"{number} process{'es' * (number != '1')}" for number in processes]
    return table(["10^9 designs, each counted", *heading, "faster"], rows)


def _figures(results: Results, benchmark: str, what: str, parameters: tuple[str, ...]) -> list[str]:
    designs = results.get(f"{benchmark}.track_designs", *parameters)
    memory = results.get(f"{benchmark}.peakmem_{what}", *parameters)
    return [
        "-" if designs is None else f"{int(designs):,}",
        seconds(results.get(f"{benchmark}.time_{what}", *parameters)),
        "-" if memory is None else f"{memory / 1e9:.2f} GB",
    ]


def where_text(results: Results) -> str:
    """Return a sentence on the machine and the versions that were measured."""
    where = results.where
    versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
    return (
        f"Measured on {where['cores']} cores of {where['processor']}, {where['system']}, without a"
        f" GPU; Python {where['python']}, {versions}."
    )


def readme_table(results: Results) -> str:
    """Return the short table of the peers: on how many layers they agree, and their times."""
    (layer, *_), (model, *_) = results.parameters(TIMED)[0], results.parameters(MODEL_TIMES)[0]
    rows = []
    for counter in ("convcost", *PEERS):
        module = MODULES.get(counter)
        rows.append(
            [
                counter,
                "" if counter in OURS else f"{_agreeing(results, counter)} of {len(LAYERS)}",
                seconds(results.get(TIMED, layer, counter)),
                seconds(results.get(MODEL_TIMES, model, counter)),
                seconds(results.get(IMPORT, module)) if module else "",
            ]
        )
    return table(["", "agrees on layers", "a `Conv2D`", model, "import"], rows)


def _agreeing(results: Results, counter: str) -> int:
    """Return on how many layers a counter agrees with convcost's nominal or effective MACs."""
    said = (verdict(results.get(COUNTED, name, counter), *what) for name, what in LAYERS.items())
    return sum(word in ("nominal", "effective") for word in said)


def pipelines_table(figures: dict[str, Any]) -> str:
    """Return the table of the speed of the example's pipelines, and their time to an accuracy."""
    speeds, trained = figures["images per second"], figures.get("until", {}).get("trained", {})
    rows = []
    for way, speed in speeds.items():
        row = [way, f"{speed:,}", times(speed / speeds["article"])]
        if trained:
            reached = trained.get(way)
            row += _reached(reached, trained["article"]) if reached else ["", "", ""]
        rows.append(row)
    heading = ["pipeline", "images per second in training", "relative to the article"]
    if trained:
        heading += [f"epochs to {figures['until']['accuracy']:.1%}", "seconds", "relative"]
    return table(heading, rows)


def _reached(reached: dict[str, Any], article: dict[str, Any]) -> list[str]:
    if reached["epochs"] is None:
        return [f"not reached ({reached['accuracy']:.1%})", "", ""]
    share = f"{reached['seconds'] / article['seconds']:.2f}" if article["epochs"] else ""
    return [str(reached["epochs"]), f"{reached['seconds']:.0f}", share]


def write_pipelines(figures: dict[str, Any]) -> None:
    """Write the table of the pipelines, which are measured separately."""
    (FOLDER / "pipelines.md").write_text(pipelines_page(figures), encoding="utf-8")


def pipelines_page(figures: dict[str, Any]) -> str:
    """Return the page with the table."""
    note = "<!-- Written by benchmarks/pipelines.py from pipelines.json; change those. -->"
    return f"{note}\n\n{pipelines_table(figures)}\n"


TABLES: dict[str, Callable[[Results], str]] = {
    "layers": layers_table,
    "models": models_table,
    "times": times_table,
    "call": call_table,
    "millions": millions_table,
    "columns": columns_table,
    "large": large_table,
    "cluster": cluster_table,
    "where": where_text,
}


def pages(results: Results) -> dict[Path, str]:
    """Return the text of each file to write."""
    made = {FOLDER / f"{name}.md": f"{NOTE}\n\n{make(results)}\n" for name, make in TABLES.items()}
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made[README] = f"{before}{BEGIN}\n\n{readme_table(results)}\n\n{END}{after}"
    return made


def plot(results: Results, folder: Path = FOLDER) -> None:
    """Plot the times of the counters."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    (layer, *_), (model, *_) = results.parameters(TIMED)[0], results.parameters(MODEL_TIMES)[0]
    panels = {
        f"{layer}, from its arguments": {
            name: results.get(TIMED, layer, name) for name in results.parameters(TIMED)[1]
        },
        f"{model}, from the live model": {
            name: results.get(MODEL_TIMES, model, name) for name in ("convcost", *PEERS)
        },
        "importing the counter": {
            name: results.get(IMPORT, module) for name, module in MODULES.items()
        },
    }
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
    for axis, (title, known) in zip(axes, panels.items(), strict=True):
        bars = {name: value for name, value in known.items() if value is not None}
        ordered = sorted(bars, key=bars.__getitem__, reverse=True)
        colors = ["tab:orange" if name == "convcost" else "tab:blue" for name in ordered]
        drawn = axis.barh(ordered, [bars[name] for name in ordered], color=colors)
        axis.bar_label(drawn, [seconds(bars[name]) for name in ordered], padding=3, fontsize=8)
        axis.set_xscale("log")
        axis.margins(x=0.25)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("seconds, log scale")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "times.png", dpi=150, metadata={"Software": None})
    plt.close(figure)


def write(results: Results) -> None:
    """Write all tables and plots."""
    for path, text in pages(results).items():
        path.write_text(text, encoding="utf-8")
    plot(results)


if __name__ == "__main__":
    write(Results.read())
