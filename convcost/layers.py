"""Layers as immutable values: Keras's names and arguments, exact costs, no framework needed.

Examples
--------
>>> from convcost.layers import Conv2D
>>> layer = Conv2D(64, 3, strides=2, padding="same")
>>> layer.output_shape((28, 28, 32))
(14, 14, 64)
>>> print(layer.cost((28, 28, 32)))
18,496 parameters, 3,612,672 MACs (7,225,344 FLOPs), 12,544 bias additions
>>> layer.cost((28, 28, 32), effective=True).macs
3442688
"""

from convcost._layers import *  # noqa: F403
from convcost._layers import __all__ as __all__

TYPE_CHECKING = False
if not TYPE_CHECKING:  # with it, checkers would take any name

    def __getattr__(name: str) -> object:
        from convcost._exact.scalars import did_you_mean

        hint = "" if name.startswith("__") else did_you_mean(name, __all__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
