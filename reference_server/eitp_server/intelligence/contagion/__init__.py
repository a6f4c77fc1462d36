"""What spreads between regions: predictive spread with its tests, not proof of a cause."""
