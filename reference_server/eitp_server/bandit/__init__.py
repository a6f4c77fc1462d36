"""Which intervention to choose, and whether choosing helped.

Pure: arrays in, arrays out, no clock, no chance, no I/O.
"""
