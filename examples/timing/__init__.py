"""The parts of `separable_vs_standard.py`: the clock, the pairs to time, and the plots."""
