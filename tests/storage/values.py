"""Values to store, made by hand and by hypothesis."""

from __future__ import annotations

from dataclasses import replace

from eitp_server.bandit.decision import Cell, Decision
from eitp_server.classification.packet import (
    DIMENSIONS,
    AbstainReason,
    Context,
    Evidence,
    Label,
    Packet,
    Signal,
    Source,
)
from eitp_server.storage.log import (
    AcknowledgementRow,
    CensoredRow,
    ForecastRow,
    InterventionRow,
    OutcomeRow,
    Resolution,
    StoppedRow,
)
from hypothesis import strategies as st

PACKET = Packet(
    tenant_id="shop",
    session_id="session-1",
    packet_id="packet-1",
    number=1,
    sequence=7,
    emitted_at_us=1_700_000_000_000_000,
    window_start_ms=1_000,
    window_end_ms=2_000,
    mean=(-0.5, 0.1, 0.2, 0.3, None, 0.5, 0.6),
    uncertainty=(0.01, 0.02, 0.03, 0.04, None, 0.06, 0.07),
    label=Label.HESITATION,
    confidence=0.8,
    abstain_reason=AbstainReason.UNSPECIFIED,
    evidence=(
        Evidence(
            signal=Signal.RESPONSE_LATENCY,
            value=1200.0,
            baseline=None,
            weight=0.7,
            rule_version="latency-1",
        ),
    ),
    context=Context(vertical="automotive", page_type=2, page_section=3, region="DE", cart_bucket=1),
    source=Source.LOCAL,
    model="",
    estimator_version="1",
    degraded_reason="",
    suppressed=2,
    valid_until_us=1_700_000_005_000_000,
    abandonment_risk=0.9,
    calibration_version="tenant/1;n=412",
)
DECISION = Decision(
    decision_id="decision-1",
    session_id="session-1",
    visitor_hash="visitor",
    cell=Cell(tenant_id="shop", vertical="automotive", label=4, page_section=3),
    packet_id="packet-1",
    decided_at_us=1_700_000_000_000_000,
    arms=("", "help"),
    probabilities=(1 / 3, 2 / 3),
    chosen="help",
    propensity=0.6,
    draw=0.4,
    holdout=False,
    holdout_share=0.1,
    snapshot_id="snapshot",
    policy_version="1",
    epochs=(0, 3),
)
INTERVENTION = InterventionRow(
    intervention_id="intervention-1",
    decision_id="decision-1",
    tenant_id="shop",
    session_id="session-1",
    definition_id="help",
    definition_revision=3,
    number=1,
    created_at_us=1_700_000_000_000_000,
    expires_at_us=1_700_000_003_000_000,
)
ACKNOWLEDGEMENT = AcknowledgementRow(
    intervention_id="intervention-1",
    tenant_id="shop",
    disposition=2,
    at_us=1_700_000_001_000_000,
)
OUTCOME = OutcomeRow(
    outcome_id="outcome-1",
    tenant_id="shop",
    session_id="session-1",
    decision_id="decision-1",
    kind=1,
    value_micros=45_000_000_000,
    currency="EUR",
    occurred_at_us=1_700_000_009_000_000,
    received_at_us=1_700_000_010_000_000,
)
FORECAST = ForecastRow(
    tenant_id="shop",
    packet_id="packet-1",
    session_id="session-1",
    forecast_at_us=1_700_000_000_000_000,
    label=4,
    risk_logit=2.5,
    page_only_logit=2.25,
    duration_only_logit=3.125,
    risk=0.875,
    risk_model="risk/1",
    estimator_version="1",
    holdout=True,
    treated=False,
    abandoned=True,
    resolution=Resolution.SILENCE,
    resolved_at_us=1_700_003_600_000_000,
)
CENSORED = CensoredRow(tenant_id="shop", decision_id="decision-1", at_us=1_700_000_002_000_000)
STOPPED = StoppedRow(
    tenant_id="shop", definition_id="help", epoch=3, metric=4, at_us=1_700_000_003_000_000
)


def packet(number: int, *, tenant_id: str = "shop", session_id: str = "session-1") -> Packet:
    """Return a packet at a place of the feed."""
    return replace(
        PACKET,
        number=number,
        packet_id=f"packet-{number}",
        tenant_id=tenant_id,
        session_id=session_id,
    )


def intervention(
    number: int, *, tenant_id: str = "shop", session_id: str = "session-1"
) -> InterventionRow:
    """Return an intervention at a place of the feed."""
    return replace(
        INTERVENTION,
        number=number,
        intervention_id=f"intervention-{number}",
        decision_id=f"decision-{number}",
        tenant_id=tenant_id,
        session_id=session_id,
        created_at_us=INTERVENTION.created_at_us + number,
    )


_numbers = st.floats(allow_nan=False)
_integers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
_positive = st.integers(min_value=1, max_value=2**63 - 1)
_seven = st.tuples(*[st.none() | _numbers] * len(DIMENSIONS))
_evidence = st.builds(
    Evidence,
    signal=st.sampled_from(Signal),
    value=_numbers,
    baseline=st.none() | _numbers,
    weight=_numbers,
    rule_version=st.text(),
)
packets = st.builds(
    Packet,
    tenant_id=st.text(),
    session_id=st.text(),
    packet_id=st.text(),
    number=_positive,
    sequence=_integers,
    emitted_at_us=_integers,
    window_start_ms=_integers,
    window_end_ms=_integers,
    mean=_seven,
    uncertainty=_seven,
    label=st.sampled_from(Label),
    confidence=st.none() | _numbers,
    abstain_reason=st.sampled_from(AbstainReason),
    evidence=st.lists(_evidence, max_size=3).map(tuple),
    context=st.builds(
        Context,
        vertical=st.text(),
        page_type=_integers,
        page_section=_integers,
        region=st.text(),
        cart_bucket=_integers,
    ),
    source=st.sampled_from(Source),
    model=st.text(),
    estimator_version=st.text(),
    degraded_reason=st.text(),
    suppressed=_integers,
    valid_until_us=_integers,
    abandonment_risk=st.none() | _numbers,
    calibration_version=st.text(),
)
decisions = st.builds(
    Decision,
    decision_id=st.text(),
    session_id=st.text(),
    visitor_hash=st.text(),
    cell=st.builds(
        Cell, tenant_id=st.text(), vertical=st.text(), label=_integers, page_section=_integers
    ),
    packet_id=st.text(),
    decided_at_us=_integers,
    arms=st.lists(st.text(), max_size=4).map(tuple),
    probabilities=st.lists(_numbers, max_size=4).map(tuple),
    chosen=st.text(),
    propensity=_numbers,
    draw=_numbers,
    holdout=st.booleans(),
    holdout_share=_numbers,
    snapshot_id=st.text(),
    policy_version=st.text(),
    epochs=st.lists(_integers, max_size=4).map(tuple),
)
censored = st.builds(CensoredRow, tenant_id=st.text(), decision_id=st.text(), at_us=_integers)
stopped = st.builds(
    StoppedRow,
    tenant_id=st.text(),
    definition_id=st.text(),
    epoch=_integers,
    metric=_integers,
    at_us=_integers,
)
