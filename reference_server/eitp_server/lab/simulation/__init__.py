"""Plays out what cannot be tried on customers: promotions, pooling and late outcomes.

Each scenario is a module: it plays runs with the server's own functions for pooling, selection,
bounds and promotion, and puts what they found into a table with the bars that they had to meet.
`simulation` deals runs out to processes; what a run finds depends on its seed alone.
"""

from __future__ import annotations

from eitp_server.lab.simulation.simulation import (
    SCENARIOS,
    Scenario,
    Simulation,
    SimulationError,
    simulate,
)

__all__ = ["SCENARIOS", "Scenario", "Simulation", "SimulationError", "simulate"]
