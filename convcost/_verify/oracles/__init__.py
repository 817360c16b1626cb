"""Six independent counts, each made by third-party code."""

from convcost._verify.oracles.keras_layers import KerasLayer, RunningLayer
from convcost._verify.oracles.oracle import NotVisible, Oracle
from convcost._verify.oracles.profiler import Profiler
from convcost._verify.oracles.pytorch import FlopCounter
from convcost._verify.oracles.recorded import JaxRecord
from convcost._verify.oracles.xla import CostAnalysis

ORACLES: dict[str, type[Oracle]] = {
    oracle.name: oracle
    for oracle in (KerasLayer, RunningLayer, Profiler, CostAnalysis, JaxRecord, FlopCounter)
}

__all__ = ["ORACLES", "NotVisible", "Oracle"]
