"""Write `_known.md`, the table of what is known, from the pages that say it of each name.

Run it with `python docs/known_summary.py` after one of those pages was written anew.
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE / "_known.md"


def found(page: str, pattern: str) -> tuple[str, ...]:
    """Return what a page says in the place of each group of a pattern."""
    text = " ".join((HERE / page).read_text(encoding="utf-8").split())
    match = re.search(pattern, text)
    assert match, (page, pattern)
    return match.groups()


def summary() -> str:
    """Return the table."""
    version, _, layers, unknown = found(
        "_known_layers.md", r"of Keras (\S+) has (\d+) classes: (\d+) are known, (\d+) can't"
    )
    functions, live, refused = found(
        "known_operations.md", r"(\d+) are known, (\d+) more in live models, .*?, (\d+) are refused"
    )
    hub, classes, read = found("_kerashub.md", r"KerasHub (\S+), Keras \S+: (\d+) classes, (\d+)")
    models = len(re.findall(r"^\| \w+ \| \(", _text("_applications.md"), re.MULTILINE))
    others = re.findall(r"^\| `(\w+)` \| computes", _text("_known_layers.md"), re.MULTILINE)
    rows = [
        (
            f"[layers](known_layers.md) of Keras {version}",
            f"{layers} classes: convolutions, `Dense`, `LSTM`, attention, embeddings and more",
            f"{unknown}, which run another framework: {', '.join(f'`{one}`' for one in others)}",
        ),
        (
            "[operations](known_operations.md), `keras.ops`",
            f"{functions} functions, and {live} more in live models",
            f"{refused}, each with the reason",
        ),
        ("[Keras Applications](applications.md)", f"all {models} models", "none"),
        (
            f"[KerasHub](kerashub.md) {hub}",
            f"{read} of {classes} backbones and tasks",
            f"{int(classes) - int(read)}, each with the reason",
        ),
        (
            "[layers of your own](models.md#what-can-be-read)",
            "those written with Keras layers and `keras.ops`, in live models",
            "code that calls NumPy or a backend; in a file, what is not registered",
        ),
    ]
    lines = ["of", "known", "not known"], ["---"] * 3, *rows
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(page: str) -> str:
    return (HERE / page).read_text(encoding="utf-8")


if __name__ == "__main__":
    TABLE.write_text(summary(), encoding="utf-8")
