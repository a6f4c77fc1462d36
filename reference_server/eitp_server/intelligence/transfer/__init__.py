"""Whether a pattern that was tried in several verticals may be expected to help in another.

In the order of the data: `effect` makes log odds ratios of counts, `eligibility` says which
verticals count, `likelihood` and `heterogeneity` tell how much verticals differ, `pooling` gives
the mean over them, `predictive` what to expect in a new one, `left_out` whether that would have
come true, `tenant` makes one effect of several tenants', `verdict` judges, `finding` puts it
together and `statement` says it in a sentence.

Pure: arrays in, arrays out, no clock, no chance, no I/O.
"""

from __future__ import annotations

from eitp_server.intelligence.transfer.effect import Counts, Effects
from eitp_server.intelligence.transfer.eligibility import Exclusion, exclusions
from eitp_server.intelligence.transfer.finding import Estimate, Finding, find, find_over_tenants
from eitp_server.intelligence.transfer.heterogeneity import (
    Method,
    between_variance,
    h_squared,
    i_squared,
    q_profile,
    typical_variance,
    weighted_squares,
)
from eitp_server.intelligence.transfer.left_out import LeftOut, leave_one_out
from eitp_server.intelligence.transfer.likelihood import log_likelihood
from eitp_server.intelligence.transfer.pooling import Pooled, pooled
from eitp_server.intelligence.transfer.predictive import Predictive, predictive
from eitp_server.intelligence.transfer.statement import statement
from eitp_server.intelligence.transfer.tenant import (
    Tenants,
    most_likely_pair,
    predictive_over_tenants,
)
from eitp_server.intelligence.transfer.verdict import Verdict, q_values, verdict

__all__ = [
    "Counts",
    "Effects",
    "Estimate",
    "Exclusion",
    "Finding",
    "LeftOut",
    "Method",
    "Pooled",
    "Predictive",
    "Tenants",
    "Verdict",
    "between_variance",
    "exclusions",
    "find",
    "find_over_tenants",
    "h_squared",
    "i_squared",
    "leave_one_out",
    "log_likelihood",
    "most_likely_pair",
    "pooled",
    "predictive",
    "predictive_over_tenants",
    "q_profile",
    "q_values",
    "statement",
    "typical_variance",
    "verdict",
    "weighted_squares",
]
