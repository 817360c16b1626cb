"""Whole models: graphs of layers with shapes, and what they cost."""

from convcost.network.network import Network
from convcost.network.walk import Row

__all__ = ["Network", "Row"]
