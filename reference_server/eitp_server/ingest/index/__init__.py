"""The volatility index beside the tick: from a copy of all sessions to numbered, stored ticks."""
