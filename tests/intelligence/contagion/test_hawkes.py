"""Events that excite each other, against golden vectors and a sum written the long way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from eitp_server.intelligence.contagion.hawkes import Hawkes
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from golden import golden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def vector(eitp_data: Path) -> dict[str, Any]:
    return golden(eitp_data, "analytics")["C5_hawkes_exp"]


def test_two_kinds_of_events_have_the_figures_of_the_golden_vector(vector: dict[str, Any]) -> None:
    process = Hawkes(
        mu=np.array(vector["mu"]), alpha=np.array(vector["alpha"]), beta=np.array(vector["beta"])
    )
    events = [np.array(times) for times in vector["events"]]
    for found, expected in (
        (process.compensators(events, vector["T"]), vector["compensator"]),
        (process.log_likelihoods(events, vector["T"]), vector["loglik"]),
        (process.branching_radius(), vector["branching_radius"]),
        (process.stationary_rates(), vector["stationary_rate"]),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_without_excitation_events_come_at_a_steady_rate() -> None:
    process = Hawkes(mu=np.array([0.5]), alpha=np.zeros((1, 1)), beta=np.ones((1, 1)))
    events = [np.array([1.0, 2.0, 4.0])]
    assert process.compensators(events, 8.0)[0] == 4.0
    assert process.log_likelihoods(events, 8.0)[0] == pytest.approx(3 * np.log(0.5) - 4.0)


def test_events_that_cause_more_than_themselves_have_no_mean_rate() -> None:
    process = Hawkes(mu=np.ones(1), alpha=np.ones((1, 1)), beta=np.ones((1, 1)))
    with pytest.raises(Refused) as refused:
        process.stationary_rates()
    assert refused.value.reason is Reason.UNSTABLE
