"""The server's mathematics over files: replay, evaluation, off-policy estimates and benchmarks."""
