"""MACs of single layers: what each counter reports, and how long it takes."""

from __future__ import annotations

from .counts import Counts, everyones, or_nan
from .peers import COUNTERS, counters_of, silence
from .subjects import LAYERS

_OF_LAYERS = counters_of("layers")


class Layers:
    """A layer, from its arguments to its MACs, including whatever has to be built."""

    params = (list(LAYERS), _OF_LAYERS)
    param_names = ("layer", "counter")

    def setup_cache(self) -> Counts:
        """Run all counters."""
        return everyones("layers")

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    def track_macs(self, counts: Counts, layer: str, counter: str) -> float:
        """Return the MACs; NaN if the counter refuses the layer."""
        return or_nan(counts[counter][layer])

    track_macs.unit = "MACs"  # type: ignore[attr-defined]


class LayerTimes:
    """The same for two of the layers, timed."""

    params = (["Conv2D(64, 3, padding=1)", "SeparableConv2D(64, 3, padding=1)"], _OF_LAYERS)
    param_names = ("layer", "counter")
    timeout = 300

    def setup(self, layer: str, counter: str) -> None:
        """Count once, so that imports on first use are not measured."""
        count = COUNTERS[counter].layer
        assert count
        self.count, self.what = count, LAYERS[layer]
        self.time_count(layer, counter)

    def time_count(self, layer: str, counter: str) -> None:
        """Count."""
        with silence():
            self.count(*self.what)
