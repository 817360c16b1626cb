"""Exact numbers of every kind: integers, fractions, symbols, arrays.

`arithmetic` and `sizes` compute with them and check them; what is beneath them knows one kind each.
"""
