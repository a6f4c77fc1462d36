"""From signals to a state with its uncertainty, a label or an abstention, and the packet.

Pure: arrays in, arrays out, no clock, no chance, no I/O.
"""
