"""The volatility index over files: states in, ticks and bars out."""
