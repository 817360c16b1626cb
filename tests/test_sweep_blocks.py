"""Blocks and boxes: every design is in exactly one of them."""

import numpy as np

import convcost
from convcost._sweeps import blocks, boxes
from convcost._sweeps.polynomials import Atom


def test_blocks_cover_every_design_once():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 8), n=range(1, 6), df=[1, 2])
    for block in (1, 3, 10, 50, 1000):
        counter = blocks.BlockCounter(space, {Atom("macs")}, block)
        seen = [
            index
            for part in counter.blocks({}, range(counter.number))
            for index in part.indices(np.arange(np.prod(part.shape)))
        ]
        assert sorted(seen) == list(range(space.size))


def test_boxes_stay_together():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 8), n=range(1, 6), df=[1, 2])
    subspace = boxes.Subspace(space, {}, {Atom("macs")})
    (root,) = subspace.roots()
    assert subspace.size_of(root) == space.size
    halves = subspace.halved(root)
    assert subspace.size_of(halves) == space.size
    assert len(halves) == 2
    places, owners = subspace.unpacked(halves)
    assert len({tuple(place) for place in places.T}) == space.size
    assert set(owners) == {0, 1}
