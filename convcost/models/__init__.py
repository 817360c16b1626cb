"""Whole models: read, as graphs of layers with shapes, and changed.

Each source of models has a folder of its own, beginning with `keras`.
"""

from convcost.models.network import Network
from convcost.models.read import from_keras
from convcost.models.walk import Row

__all__ = ["Network", "Row", "from_keras"]
