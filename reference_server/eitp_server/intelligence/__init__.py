"""What spreads between regions and which patterns hold in another vertical.

Pure: arrays in, arrays out, no clock, no chance, no I/O.
"""
