"""Whole models: read from files or Keras, kept as graphs of layers with shapes, and changed.

Each source of models has its own folder; `keras` is the first.
"""

from convcost._models.network import Network
from convcost._models.read import from_keras
from convcost._models.rows import Row

__all__ = ["Network", "Row", "from_keras"]
