"""Benchmarks for airspeed velocity: what convcost and its peers report, and how long they take."""

import os

# Before any benchmark imports TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
