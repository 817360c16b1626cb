"""From other people's models to networks."""

from convcost.frontends.keras import from_keras

__all__ = ["from_keras"]
