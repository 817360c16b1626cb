"""What the shell completes: files of models, and the names of functions and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import convcost

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

# What `convcost sweep` and `solve` take beside layers.
CONVOLUTION_NAMES = ("standard", "depthwise", "pointwise", "separable")


def model_files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def layer_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of layers that begin as typed."""
    return [name for name in layer_classes() if name.startswith(incomplete)]


def subject_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of functions and layers that begin as typed."""
    names = (*CONVOLUTION_NAMES, *layer_classes())
    return [name for name in names if name.startswith(incomplete)]


def layer_classes() -> list[str]:
    """Return the names of the layers that can be made."""
    layers = convcost.layers
    return [
        name
        for name in layers.__all__
        if isinstance(kind := getattr(layers, name), type) and issubclass(kind, layers.Layer)
    ]
