"""MACs of whole models that both Keras and a library for PyTorch have."""

from __future__ import annotations

from .counts import Counts, everyones, or_nan
from .peers import COUNTERS, silence
from .subjects import MODELS


class Models:
    """From a live model, its JSON or its file to its MACs."""

    params = (list(MODELS), list(COUNTERS))
    param_names = ("model", "counter")

    def setup_cache(self) -> Counts:
        """Run all counters."""
        return everyones("models")

    setup_cache.timeout = 1200  # type: ignore[attr-defined]

    def track_macs(self, counts: Counts, model: str, counter: str) -> float:
        """Return the MACs; NaN if the counter refuses the model."""
        return or_nan(counts[counter][model])

    track_macs.unit = "MACs"  # type: ignore[attr-defined]


class ModelTimes:
    """The same for two of the models, timed."""

    params = (["MobileNetV2", "ResNet50"], list(COUNTERS))
    param_names = ("model", "counter")
    timeout = 600

    def setup(self, model: str, counter: str) -> None:
        """Build the model, and count once, so that imports are not measured."""
        self.count = COUNTERS[counter].model(model)
        self.time_count(model, counter)

    def time_count(self, model: str, counter: str) -> None:
        """Count."""
        with silence():
            self.count()
