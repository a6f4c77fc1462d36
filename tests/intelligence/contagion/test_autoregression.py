"""Least squares against statsmodels, and systems that cannot be fitted or do not settle."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from eitp_server.intelligence.contagion.autoregression import Autoregression, least_squares
from eitp_server.intelligence.contagion.refusal import Reason, Refused
from intelligence.contagion.drawn import TOY, moments, walk

MIXING = np.array([[1.0, 0.0, 0.0], [0.6, 1.0, 0.0], [-0.3, 0.4, 2.0]])


def oracle(values: object, lags: int) -> Any:
    pytest.importorskip("statsmodels")
    models: Any = import_module("statsmodels.tsa.api")
    return models.VAR(values).fit(lags)


@pytest.mark.parametrize("lags", [1, 2, 4])
def test_coefficients_and_covariance_are_those_of_statsmodels(lags: int) -> None:
    values = walk(400, mixing=MIXING)
    known = moments(values, lags)
    fitted, peer = least_squares(known).model, oracle(values, lags)
    scale = known.scale
    np.testing.assert_allclose(
        fitted.coefficients * scale[:, None] / scale, peer.coefs, rtol=1e-9, atol=1e-11
    )
    np.testing.assert_allclose(
        fitted.covariance * np.outer(scale, scale), peer.sigma_u, rtol=1e-9, atol=1e-11
    )


def test_the_closed_form_of_all_pairs_is_the_test_of_each_pair() -> None:
    values = walk(300, mixing=MIXING)
    fitted, peer = least_squares(moments(values, 2)), oracle(values, 2)
    for target in range(3):
        for source in {0, 1, 2} - {target}:
            tested = peer.test_causality(f"y{target + 1}", f"y{source + 1}", kind="f")
            assert fitted.wald[target, source] == pytest.approx(tested.test_statistic, rel=1e-9)


def test_the_companion_radius_is_the_slowest_root() -> None:
    own = np.diag([0.5, 0.9, -0.95])[None]
    model = Autoregression(coefficients=own, covariance=np.eye(3))
    assert model.companion_radius() == pytest.approx(0.95)
    assert model.reproduction_index() == 0
    # x_t = 0.5 x_{t-1} + 0.36 x_{t-2}: roots 0.9 and -0.4.
    twice = Autoregression(coefficients=np.array([[[0.5]], [[0.36]]]), covariance=np.eye(1))
    assert twice.companion_radius() == pytest.approx(0.9)


def test_what_regions_pass_to_each_other_is_counted_over_all_lags() -> None:
    coefficients = np.array([[[0.5, 0.2], [0.1, 0.4]], [[0.0, -0.2], [0.3, 0.0]]])
    model = Autoregression(coefficients=coefficients, covariance=np.eye(2))
    assert model.reproduction_index() == pytest.approx((0.4 * 0.4) ** 0.5)


def test_a_system_that_does_not_settle_is_refused() -> None:
    model = Autoregression(coefficients=np.diag([0.5, 0.999])[None], covariance=np.eye(2))
    with pytest.raises(Refused) as refused:
        model.checked()
    assert refused.value.reason is Reason.UNSTABLE
    calm = Autoregression(coefficients=np.diag([0.5, 0.998])[None], covariance=np.eye(2))
    assert calm.checked() == pytest.approx(0.998)


def test_fewer_rows_than_parameters_are_refused() -> None:
    # Ten parameters an equation, eleven rows and then ten.
    assert least_squares(moments(walk(14), 3)).p_value.shape == (3, 3)
    with pytest.raises(Refused) as refused:
        least_squares(moments(walk(13), 3))
    assert refused.value.reason is Reason.UNDERDETERMINED


def test_a_series_that_is_a_sum_of_others_is_refused() -> None:
    values = walk(200)
    values[:, 2] = values[:, 0] + values[:, 1]
    with pytest.raises(Refused) as refused:
        least_squares(moments(values, 2))
    assert refused.value.reason is Reason.SINGULAR


def test_a_series_that_is_another_one_a_minute_later_is_refused() -> None:
    values = walk(200)
    values[1:, 2] = values[:-1, 0]
    with pytest.raises(Refused) as refused:
        least_squares(moments(values[1:], 2))
    assert refused.value.reason is Reason.SINGULAR


def test_many_rows_find_the_system_again() -> None:
    known = moments(walk(20_000), 1)
    found = least_squares(known).model.coefficients * known.scale[:, None] / known.scale
    np.testing.assert_allclose(found, TOY, atol=0.03)
