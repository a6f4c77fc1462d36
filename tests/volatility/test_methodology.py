"""Constants that define an index, and those that do not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eitp_server.volatility.methodology import DRAFT, Methodology


def test_the_constants_are_those_of_the_vectors(vectors: dict[str, Any]) -> None:
    golden = vectors["evi_params"]
    assert list(DRAFT.dimension_scales[:6]) == golden["s"]
    assert DRAFT.dimension_weights == (1 / 6,) * 6 + (0,)
    assert {
        "delta_min": DRAFT.min_gap_s,
        "delta_max": DRAFT.max_gap_s,
        "h_s": DRAFT.volatility_half_life_s,
        "h_r": DRAFT.recency_half_life_s,
        "d_eff": DRAFT.effective_dimensions,
        "cap": DRAFT.volatility_cap,
        "w_scale": DRAFT.weight_scale,
        "v_scale": DRAFT.volatility_scale,
    }.items() <= golden.items()


def test_they_can_be_published() -> None:
    published = json.loads(json.dumps(DRAFT.as_json(), allow_nan=False))
    assert Methodology(**published).as_json() == DRAFT.as_json() | {
        name: published[name] for name in ("dimension_scales", "dimension_weights")
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"dimension_scales": (0.02,) * 6}, "dimension_scales needs 7 numbers"),
        ({"dimension_scales": (0.0,) + (0.02,) * 6}, "dimension_scales must be finite"),
        ({"dimension_scales": (float("nan"),) + (0.02,) * 6}, "dimension_scales must be finite"),
        ({"dimension_weights": (0.5,) * 7}, "dimension_weights must be 0 or more and sum to 1"),
        ({"min_gap_s": 60.0}, "min_gap_s must be below max_gap_s"),
        ({"recency_half_life_s": 0.0}, "recency_half_life_s must be a finite number above 0"),
        ({"volatility_cap": 50.0}, "do not fit 64 bits"),
        ({"weight_scale": 5000}, "weight_scale must not exceed 1000"),
    ],
)
def test_constants_that_define_no_index_are_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Methodology(**(DRAFT.as_json() | change))
