"""What stands behind `separable_vs_standard.py`: the clock, the pairs that it times, the plots."""
