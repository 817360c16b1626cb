"""The variables of a model in training, and of its optimizer, as bytes.

Not as HDF5: its library crashes the process, at its end, after a disk was full.
"""

import io
from typing import Any

import keras
import numpy as np


def dump(model: Any) -> bytes:
    """Return everything that changes from step to step, exactly."""
    file = io.BytesIO()
    np.savez(file, *(keras.ops.convert_to_numpy(variable) for variable in _variables(model)))
    return file.getvalue()


def load(model: Any, content: bytes) -> None:
    """Set what `dump` wrote, in a model of the same layers compiled in the same way.

    Raises
    ------
    ValueError
        If there are other variables in it.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if len(arrays) != len(variables):
            raise ValueError(f"there are {len(arrays)} arrays for {len(variables)} variables")
        for variable, name in zip(variables, arrays.files, strict=True):
            variable.assign(arrays[name])


def _variables(model: Any) -> list[Any]:
    return [*model.trainable_variables, *model.optimizer.variables]
