"""MACs of single layers: what each counter says, and how long it takes to say it."""

from __future__ import annotations

import math

from .counts import Counts, everyones
from .peers import COUNTERS, silence
from .subjects import LAYERS

_OF_LAYERS = [name for name, peer in COUNTERS.items() if peer.layer]


class Layers:
    """A layer, from its arguments to its MACs, what has to be built for that included."""

    params = (list(LAYERS), _OF_LAYERS)
    param_names = ("layer", "counter")

    def setup_cache(self) -> Counts:
        """Ask them all."""
        return everyones("layers")

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    def track_macs(self, counts: Counts, layer: str, counter: str) -> float:
        """Return the MACs; NaN, asv's word for no result, where the counter refuses the layer."""
        macs = counts[counter][layer]
        return math.nan if macs is None else macs

    track_macs.unit = "MACs"  # type: ignore[attr-defined]


class LayerTimes:
    """The same for two of the layers, timed."""

    params = (["Conv2D(64, 3, padding=1)", "SeparableConv2D(64, 3, padding=1)"], _OF_LAYERS)
    param_names = ("layer", "counter")
    timeout = 300

    def setup(self, layer: str, counter: str) -> None:
        """Count once: what a counter imports when first asked is not what is measured."""
        count = COUNTERS[counter].layer
        assert count
        self.count, self.what = count, LAYERS[layer]
        self.time_count(layer, counter)

    def time_count(self, layer: str, counter: str) -> None:
        """Count."""
        with silence():
            self.count(*self.what)
