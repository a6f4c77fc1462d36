"""What another policy would have earned, from a log of decisions and a table of its probabilities.

In the order of the data: `sheet` reads columns of a CSV file, `context` combines them,
`decision_log` checks the log, `policy` matches the evaluation policy to it, `group` and `fit` test
propensities, `calibration` and `support` say whether log and policy can tell anything,
`reward_model` foretells rewards, `evaluation` puts it together.
"""

from __future__ import annotations

from eitp_server.lab.ope.decision_log import ColumnNames, DecisionLog
from eitp_server.lab.ope.error import OffPolicyError
from eitp_server.lab.ope.evaluation import METHOD, OffPolicyEvaluation, Settings, evaluate
from eitp_server.lab.ope.policy import Policy

__all__ = [
    "METHOD",
    "ColumnNames",
    "DecisionLog",
    "OffPolicyError",
    "OffPolicyEvaluation",
    "Policy",
    "Settings",
    "evaluate",
]
