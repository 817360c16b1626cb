"""Five independent counts, each made by third-party code."""

from convcost.verify.oracles.keras_layers import KerasLayer, RunningLayer
from convcost.verify.oracles.oracle import NotVisible, Oracle
from convcost.verify.oracles.profiler import Profiler
from convcost.verify.oracles.pytorch import FlopCounter
from convcost.verify.oracles.xla import CostAnalysis

ORACLES: dict[str, type[Oracle]] = {
    oracle.name: oracle
    for oracle in (KerasLayer, RunningLayer, Profiler, CostAnalysis, FlopCounter)
}

__all__ = ["ORACLES", "NotVisible", "Oracle"]
