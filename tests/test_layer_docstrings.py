"""Docstrings of families of layers: each class shows the parameters of its base class."""

import inspect

from convcost import layers


def test_a_class_shows_the_parameters_of_its_family_behind_its_own_sentence():
    family = inspect.cleandoc(layers.Conv2D.__mro__[1].__doc__)
    sections = family[family.index("Parameters\n-----") :].rstrip()
    for kind, sentence in ((layers.Conv1D, "along one axis"), (layers.Conv3D, "three axes")):
        shown = kind.__doc__
        assert sentence in shown.splitlines()[0]
        assert f"\n\n{sections}\n\nExamples\n--------\n>>> " in shown
        assert shown.count("Parameters\n-----") == 1
    # A class without its own examples ends with the family's sections, but not its examples.
    pooling = inspect.cleandoc(layers.MaxPooling2D.__mro__[1].__doc__)
    start, end = pooling.index("Parameters\n-----"), pooling.index("Examples\n-----")
    assert layers.MaxPooling2D.__doc__ == (
        f"The maximum of each window along two axes.\n\n{pooling[start:end].rstrip()}\n"
    )
    # Classes with their own parameters, and classes without any, stay unchanged.
    assert layers.Dense.__doc__.startswith("Dense layer over the last axis")
    assert "Number of outputs." in layers.Dense.__doc__
    assert "Parameters" not in layers.Multiply.__doc__


def test_a_new_class_of_a_family_shows_its_parameters():
    class Wide(layers.Conv2D):
        """A custom convolution.

        Examples
        --------
        >>> Wide(3, 3)
        Wide(3, 3)
        """

    class Plain(layers.Dense):
        """A layer without examples."""

    class Other(layers.Dense):
        """A layer with its own parameters.

        Parameters
        ----------
        units
            Something else.
        """

    class Silent(layers.Dense):
        pass

    class Sum(layers.Add):
        """A sum."""

    family = inspect.cleandoc(layers.Conv2D.__mro__[1].__doc__)
    sections = family[family.index("Parameters\n-----") :].rstrip()
    examples = "Examples\n--------\n>>> Wide(3, 3)\nWide(3, 3)"
    assert Wide.__doc__ == f"A custom convolution.\n\n{sections}\n\n{examples}"
    dense = inspect.cleandoc(layers.Dense.__doc__)
    start, end = dense.index("Parameters\n-----"), dense.index("Examples\n-----")
    assert Plain.__doc__ == f"A layer without examples.\n\n{dense[start:end].rstrip()}\n"
    assert inspect.cleandoc(Other.__doc__).endswith("units\n    Something else.")
    assert Silent.__doc__ is None
    assert Sum.__doc__ == "A sum."
