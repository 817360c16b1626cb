"""All counts of a design space as an xarray Dataset."""

import dask
import numpy as np
import pytest
import xarray as xr
from design_spaces import designs, spaces
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import convcost


@examples(60)
@given(spaces, st.sampled_from([None, 2, "auto"]))
def test_datasets(case, chunks):
    what, axes = case
    costs = convcost.sweep(what, **axes, chunks=chunks)
    assert set(costs.data_vars) == {"params", "macs", "bias_adds", "flops"}
    rows = designs(what, axes)
    named = [name for name, value in axes.items() if isinstance(value, list)]
    for row in rows[:: max(1, len(rows) // 7)]:
        for name, array in costs.data_vars.items():
            place = {axis: row[axis] for axis in named if axis in array.dims}
            assert int(array.sel(place)) == row[name]
            assert array.dtype == np.int64
            assert (array.chunks is None) == (chunks is None)
    for name in named:
        assert costs.sizes.get(name, len(axes[name])) == len(axes[name])


def test_a_dataset_is_the_fields_own():
    costs = convcost.sweep(convcost.separable, dk=[3, 5], m=range(8, 33, 8), n=[16, 8], df=28)
    assert isinstance(costs, xr.Dataset)
    assert costs.params.dims == ("dk", "m", "n")
    assert costs.bias_adds.dims == ("n",)
    assert costs.n.values.tolist() == [16, 8]
    assert int(costs.df) == 28
    assert costs.macs.attrs == {"units": "multiply-accumulates"}
    frame = costs.to_dataframe()
    assert len(frame) == 16
    assert frame.loc[(3, 8, 16), "params"] == convcost.separable(3, 8, 16, 28).params


def test_nothing_is_counted_before_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("convcost._sweeps.datasets.LAZY_ABOVE", 1000)

    def never(*_, **__):
        raise AssertionError("computed before anybody asked")

    many = range(1, 33)
    with dask.config.set(scheduler=never):
        costs = convcost.sweep(convcost.separable, dk=[3], m=many, n=many, df=many)
    assert costs.macs.chunks is not None
    assert costs.params.dims == ("dk", "m", "n")
    assert int(costs.macs.sum()) == sum(
        convcost.separable(3, m, n, df).macs for m in many for n in many for df in many
    )
    with pytest.raises(ValueError, match="one of the integer axes: dk, m"):
        convcost.sweep(convcost.separable, dk=[3], m=many, n=3, df=3, chunks={"x": 3})
