"""MobileNetV2 from convcost and from its peers, in one process, and `convcost summary` as a whole.

Needs the extra `peers`. Every ratio compares two things that were measured in this one run.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import pyperf
import torch
import torchinfo
import torchvision
from fvcore.nn import FlopCountAnalysis
from torch.utils.flop_counter import FlopCounterMode

import convcost

SIDE = 224
# One folder for all processes of a run.
FOLDER = Path(os.environ.setdefault("CONVCOST_BENCHMARK", tempfile.mkdtemp()))
FILE, JSON = FOLDER / "mobilenetv2.keras", FOLDER / "mobilenetv2.json"


@cache
def keras_model() -> Any:
    """Return the model in Keras."""
    # After PyTorch: the other way round the compiler in its CUDA builds crashes.
    import keras

    return keras.applications.MobileNetV2(weights=None)


@cache
def torch_model() -> tuple[Any, Any]:
    """Return the model in PyTorch, and an input."""
    return torchvision.models.mobilenet_v2().eval(), torch.zeros((1, 3, SIDE, SIDE))


def live() -> int:
    """Count with convcost from a live model."""
    return int(convcost.from_keras(keras_model()).macs)


def from_json() -> int:
    """Count with convcost from the JSON text."""
    return int(convcost.from_keras(JSON).macs)


def from_file() -> int:
    """Count with convcost from a .keras file."""
    return int(convcost.from_keras(FILE).macs)


def tf_profiler() -> int:
    """Count with the TF profiler, tracing included."""
    from convcost.verify.models import profiled_macs

    return profiled_macs(keras_model(), ((SIDE, SIDE, 3),))


def with_torchinfo() -> int:
    """Count with torchinfo."""
    model, image = torch_model()
    return int(torchinfo.summary(model, input_data=image, verbose=0).total_mult_adds)


def with_fvcore() -> int:
    """Count with fvcore."""
    model, image = torch_model()
    analysis = FlopCountAnalysis(model, image)
    return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def pytorch() -> int:
    """Count with PyTorch's FlopCounterMode."""
    model, image = torch_model()
    with FlopCounterMode(display=False) as counter:
        model(image)
    return int(counter.get_total_flops()) // 2


OURS: dict[str, Callable[[], int]] = {
    "a live model": live,
    "JSON": from_json,
    "a .keras file": from_file,
}
PEERS: dict[str, Callable[[], int]] = {
    "TF profiler": tf_profiler,
    "torchinfo": with_torchinfo,
    "fvcore": with_fvcore,
    "torch FlopCounterMode": pytorch,
}


def prepare() -> None:
    """Write the files that are read, once for all processes."""
    if not FILE.exists():
        keras_model().save(FILE)
        JSON.write_text(keras_model().to_json(), encoding="utf-8")


def main() -> None:
    """Measure all, and print ratios."""
    # TensorFlow, Keras and PyTorch log what they don't find on this machine.
    logging.disable(logging.WARNING)
    torch.set_grad_enabled(False)
    prepare()
    runner = pyperf.Runner(processes=2, values=3, warmups=1)
    runner.argparser.set_defaults(inherit_environ="CONVCOST_BENCHMARK,TF_CPP_MIN_LOG_LEVEL")
    benches = {name: runner.bench_func(name, count) for name, count in (OURS | PEERS).items()}
    summary = [sys.executable, "-m", "convcost", "summary", str(FILE)]
    whole = runner.bench_command("convcost summary", summary)
    bare = runner.bench_command("import keras", [sys.executable, "-c", "import keras"])
    if runner.args.worker:  # pyperf runs this file again in each of its measuring processes
        return
    # What is counted is not the same for all of them; docs/counting.md says by whom and why.
    counted = {name: count() for name, count in (OURS | PEERS).items()}
    medians = {name: bench.median() for name, bench in benches.items()}
    fastest = min(PEERS, key=medians.__getitem__)
    for name, median in medians.items():
        print(f"{name}: {counted[name]:,} MACs in {median * 1000:.1f} ms")
    for name in OURS:
        ratio = medians[fastest] / medians[name]
        print(f"{fastest}, the fastest peer, takes {ratio:.1f} times as long as {name}")
    ratio = bare.median() / whole.median()
    print(
        f"`import keras` takes {ratio:.1f} times as long as `convcost summary` as a whole process"
    )


if __name__ == "__main__":
    main()
