"""What the hand did, as numbers: kinematics, friction, hesitation, latency and the own pace.

Pure: arrays in, arrays out, no clock, no chance, no I/O.
"""
