"""A report as JSON and in words; what has no value is null, never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scipy.special import gammaincc

from eitp_server.intelligence.transfer import Exclusion, Verdict, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eitp_server.intelligence.transfer import Estimate, Finding
    from eitp_server.lab.transfer.analysis import Analysis, Report
    from eitp_server.lab.transfer.table import Row

METHOD: Final = (
    "Effects are natural logarithms of odds ratios, treated over holdout, or as given. mu is the "
    "random-effects mean with weights 1 / (variance + tau2); se is (sum of weights)^-1/2 and ci "
    "its normal interval, se_mhk the modified Knapp-Hartung error and ci_mhk its interval with t "
    "of k - 1 degrees. i2 is tau2 / (tau2 + typical variance), from 0 to 1, for every method; "
    "tau2_interval is the Q-profile's. prediction_interval is the classical one, t of k - 2 "
    "degrees with se_mhk, to compare with. The verdict rests on p_positive, the probability that "
    "the effect in a new vertical is above 0, with a half-normal prior of scale 0.2 on tau and "
    "none on mu: TRANSFERABLE from 0.975, HARMFUL to 0.025; between them VARIES when "
    "tau2_interval is above 0, else UNDECIDED; INSUFFICIENT below 3 verticals. It does not depend "
    "on the method. q_value is 1 - p_positive after Benjamini and Hochberg over all patterns of "
    "the table. All intervals are of 95 %."
)
WHY: Final = {
    Exclusion.TOO_FEW_CONVERSIONS: "fewer than 10 conversions in an arm",
    Exclusion.HOLDOUT_TOO_SMALL: "the holdout is below 10 % and below 400 visitors",
}


def as_json(report: Report) -> dict[str, Any]:
    """Return all figures: of the one pattern, or of each under `patterns`."""
    whole: dict[str, Any] = {
        "input": report.table.kind,
        "method": report.method.value,
        "notes": list(report.table.notes),
        "definition": METHOD,
    }
    if not report.table.has_patterns:
        (only,) = report.analyses
        figures = _figures(only)
        return figures | whole | {"notes": whole["notes"] + figures["notes"]}
    findings = [{"pattern": one.pattern} | _figures(one) for one in report.analyses]
    return {"patterns": findings} | whole


def notes(one: Analysis) -> list[str]:
    """Return what a reader of one pattern's figures should know."""
    found = one.finding
    said: list[str] = []
    if one.excluded:
        left_out = f"{len(one.excluded)} of {len(one.excluded) + len(one.rows)} rows are left out"
        wanted = " --include-ineligible lets them in, and the approximation may fail them."
        can_enter = any(row.effect is not None for row in one.excluded)
        said.append(f"{left_out} for want of data.{wanted if can_enter else ''}")
    if one.ineligible:
        named = ", ".join(row.name for row in one.ineligible)
        said.append(
            f"{len(one.ineligible)} rows take part that the rules would leave out: {named}. "
            "The verdict is not one by the definition."
        )
    estimate = found.estimate
    if estimate is None or found.verdict is Verdict.INSUFFICIENT:
        said.append(
            f"{found.k} of the 3 verticals that a prediction takes: what has no value is null."
        )
    if estimate is None:
        return said
    if estimate.tau2_interval == (0.0, 0.0):
        said.append("Effects agree more closely than chance would have them: tau2_interval is 0.")
    if estimate.tenant_tau2 is not None:
        said.append(
            "Tenants lie within verticals: tau2 is between verticals, tenant_tau2 between tenants "
            "of one. Effects, q, i2 and the intervals are of the verticals, given tenant_tau2; "
            "p_positive leaves it open. Nothing is predicted from the others."
        )
    return said


def _figures(one: Analysis) -> dict[str, Any]:
    found = one.finding
    return {
        "k": found.k,
        "verdict": found.verdict.name,
        "statement": statement(found),
        "p_positive": found.predictive and found.predictive.positive,
        "q_value": one.q_value,
        **_of_estimate(found.estimate),
        "predictive": _predictive(found),
        "verticals": list(one.verticals),
        **_of_verticals(one),
        "leave_one_out": _left_out(one),
        "excluded": [_excluded(row) for row in one.excluded],
        "ineligible": [_excluded(row) for row in one.ineligible],
        "notes": notes(one),
    }


def _of_estimate(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return dict.fromkeys(_ESTIMATES)
    mean = estimate.pooled
    k = len(mean.effects)
    figures = (
        mean.tau2,
        mean.tau2**0.5,
        estimate.tenant_tau2,
        list(estimate.tau2_interval),
        mean.mean,
        mean.standard_error,
        mean.knapp_hartung,
        mean.modified_knapp_hartung,
        list(mean.normal_interval()),
        list(mean.confidence_interval()),
        list(mean.prediction_interval()) if k > 2 else None,
        list(mean.normal_prediction_interval()),
        estimate.i_squared,
        estimate.h_squared,
        estimate.q,
        k - 1,
        float(gammaincc((k - 1) / 2, estimate.q / 2)),
    )
    return dict(zip(_ESTIMATES, figures, strict=True))


_ESTIMATES: Final = (
    "tau2",
    "tau",
    "tenant_tau2",
    "tau2_interval",
    "mu",
    "se",
    "se_hk",
    "se_mhk",
    "ci",
    "ci_mhk",
    "prediction_interval",
    "prediction_interval_normal",
    "i2",
    "h2",
    "q",
    "q_degrees",
    "q_p",
)


def _of_verticals(one: Analysis) -> dict[str, Any]:
    estimate = one.finding.estimate
    if estimate is None:
        return {
            "effects": [row.effect for row in one.rows],
            "variances": [row.variance for row in one.rows],
            "weights": None,
            "shrunk": None,
        }
    own: dict[str, Any] = {
        "effects": estimate.pooled.effects.value.tolist(),
        "variances": estimate.pooled.effects.variance.tolist(),
        "weights": estimate.pooled.weights.tolist(),
        "shrunk": estimate.pooled.shrunk.tolist(),
    }
    if estimate.tenant_tau2 is not None:
        own["tenants"] = [_tenant(row) for row in one.rows]
    return own


def _predictive(found: Finding) -> dict[str, float] | None:
    if found.predictive is None:
        return None
    low, median, high = (found.predictive.quantile(p) for p in (0.025, 0.5, 0.975))
    own = {"mean": found.predictive.mean, "tau": found.predictive.mean_tau}
    return own | {"low": low, "median": median, "high": high}


def _left_out(one: Analysis) -> dict[str, Any] | None:
    left_out = one.finding.left_out
    if left_out is None:
        return None
    columns: Sequence[Sequence[Any]] = (
        one.verticals,
        left_out.low.tolist(),
        left_out.high.tolist(),
        left_out.inside.tolist(),
        left_out.running.tolist(),
    )
    names = ("vertical", "low", "high", "inside", "running_coverage")
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return {"coverage": left_out.coverage, "rows": rows}


def _excluded(row: Row) -> dict[str, Any]:
    assert row.exclusion is not None
    return {
        "row": row.number,
        "vertical": row.vertical,
        "tenant": row.tenant or None,
        "reason": row.exclusion.name,
        "why": WHY[row.exclusion],
    }


def _tenant(row: Row) -> dict[str, Any]:
    return {
        "vertical": row.vertical,
        "tenant": row.tenant,
        "effect": row.effect,
        "variance": row.variance,
    }
