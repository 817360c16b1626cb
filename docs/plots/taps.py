"""Which taps count: a 3x3 kernel with `same` padding on a 6x6 input, and where it loses taps."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from convcost._layers.geometry import taps_inside
from convcost.layers import Conv2D

SIDE, KERNEL = 6, 3
INSIDE, OUTSIDE = "tab:green", "tab:red"

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")

for row in range(-1, SIDE + 1):
    for column in range(-1, SIDE + 1):
        on_input = 0 <= row < SIDE and 0 <= column < SIDE
        left.add_patch(
            Rectangle(
                (column, row),
                1,
                1,
                facecolor="0.92" if on_input else "white",
                edgecolor="0.6",
                linestyle="-" if on_input else ":",
            )
        )
for top, first in ((-1, -1), (2, 3)):
    for row in range(top, top + KERNEL):
        for column in range(first, first + KERNEL):
            on_input = 0 <= row < SIDE and 0 <= column < SIDE
            left.text(
                column + 0.5,
                row + 0.5,
                "+1" if on_input else "0",
                ha="center",
                va="center",
                color=INSIDE if on_input else OUTSIDE,
                weight="bold",
            )
    left.add_patch(Rectangle((first, top), KERNEL, KERNEL, fill=False, edgecolor="black", lw=2))
left.set(
    xlim=(-1.2, SIDE + 1.2),
    ylim=(SIDE + 1.2, -1.2),
    aspect="equal",
    title="a kernel at a corner, and one inside:\nnominal counts 9 taps each, effective 4 and 9",
)
left.axis("off")

# The taps of one position: the image of a kernel at that position alone.
along = np.array([taps_inside(SIDE, 1, KERNEL, 1, 1, 1 - position) for position in range(SIDE)])
per_position = np.outer(along, along)
right.imshow(per_position, cmap="Greens", vmin=0, vmax=KERNEL**2)
for row in range(SIDE):
    for column in range(SIDE):
        right.text(
            column,
            row,
            per_position[row, column],
            ha="center",
            va="center",
            color="white" if per_position[row, column] > 6 else "black",
        )
layer, shape = Conv2D(1, KERNEL, padding="same", use_bias=False), (SIDE, SIDE, 1)
nominal = layer.cost(shape).macs
effective = layer.cost(shape, effective=True).macs
assert per_position.sum() == effective
right.set(
    xticks=[],
    yticks=[],
    title=f"taps on the input, for each output:\n{effective} effective of {nominal} nominal MACs",
)
