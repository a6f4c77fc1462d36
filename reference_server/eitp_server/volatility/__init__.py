"""EVI, the index of how unsettled shoppers are, its bars and its feeds.

Pure: arrays in, arrays out, no clock, no chance, no I/O.
"""
