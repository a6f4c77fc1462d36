"""A stream of sessions through the ledger: what the test makes of behaviour that matters or not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.classification.calibration import sigmoid
from eitp_server.classification.hypothesis import Sample, Verdict, analyse
from eitp_server.classification.packet import DIMENSIONS, Context, Label
from eitp_server.classification.risk import BIAS, abandonment_logit, page_only_logit
from eitp_server.ingest.calibrators import RISK
from eitp_server.ingest.ledger import Ledger
from ingest.shopfront import ABANDONMENT, CONVERSION, MINUTE, SECOND, START_US, outcome, packet

if TYPE_CHECKING:
    from eitp_server.storage.log import ForecastRow

INTEREST, INTENT = DIMENSIONS.index("interest"), DIMENSIONS.index("intent_strength")
RARER = 2.0
"""Logits by which this shop's sessions are abandoned less often than is shipped."""


def stream(sessions: int, *, informative: bool, seed: int) -> tuple[Ledger, list[ForecastRow]]:
    """Let sessions come and go; they end as their state says, or as their page alone says."""
    chance = np.random.default_rng(seed)
    ledger = Ledger()
    rows: list[ForecastRow] = []
    for number in range(sessions):
        now_us = START_US + number * MINUTE
        mean = [0.0, 0.3, 0.3, 0.2, 0.4, 0.5, 0.4]
        mean[INTEREST], mean[INTENT] = chance.random(), chance.random()
        made = replace(
            packet(f"s-{number}", at_us=now_us),
            mean=tuple(mean),
            context=Context(page_type=int(chance.integers(1, 9)), cart_bucket=1),
        )
        truth = (
            abandonment_logit(made.mean, Label.NEUTRAL, made.context)
            if informative
            else page_only_logit(made.context, 120.0)
        )
        abandoned = chance.random() < sigmoid(truth - RARER)
        said = ledger.calibrators.calibrated(made)
        assert said.abandonment_risk is not None
        ledger.foretell(made, risk=said.abandonment_risk, holdout=True)
        kind = ABANDONMENT if abandoned else CONVERSION
        ledger.report(outcome(kind, now_us + SECOND, made.session_id), now_us + SECOND)
        rows += ledger.resolve(now_us + MINUTE)
    return ledger, rows + ledger.resolve(START_US + (sessions + 2) * MINUTE)


def sampled(rows: list[ForecastRow]) -> Sample:
    return Sample(
        state=np.array([row.risk_logit for row in rows]),
        page_only=np.array([row.page_only_logit for row in rows]),
        duration_only=np.array([row.duration_only_logit for row in rows]),
        risk=np.array([row.risk for row in rows]),
        abandoned=np.array([row.abandoned for row in rows], np.bool_),
        treated=np.array([row.treated for row in rows]),
        holdout=np.array([row.holdout for row in rows]),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_state_that_says_how_sessions_end_is_supported(seed: int) -> None:
    ledger, rows = stream(4000, informative=True, seed=seed)
    assert len(rows) == 4000
    found = analyse(sampled(rows).untouched())
    assert found.verdict is Verdict.SUPPORTED
    assert found.comparison is not None
    assert found.comparison.gain.value > 0.05
    learned = ledger.calibrators.get("shop", RISK)
    assert learned.is_used
    assert learned.intercept + learned.slope * BIAS == pytest.approx(BIAS - RARER, abs=0.3)


def test_the_risk_that_was_given_out_after_learning_comes_true() -> None:
    _, rows = stream(5000, informative=True, seed=3)
    found = analyse(sampled(rows[2000:])).comparison
    assert found is not None
    assert found.reliability.slope == pytest.approx(1, abs=0.25)
    assert found.reliability.brier < found.reliability.brier_of_share


@pytest.mark.parametrize("seed", [1, 2])
def test_a_state_that_is_noise_is_not_supported(seed: int) -> None:
    _, rows = stream(4000, informative=False, seed=seed)
    found = analyse(sampled(rows).untouched())
    assert found.verdict is not Verdict.SUPPORTED
