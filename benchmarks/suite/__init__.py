"""What convcost and its peers say, and how long they take: benchmarks for airspeed velocity."""

import os

# Before TensorFlow is imported by whatever benchmark needs it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
