"""The rules by which peers and EITP count rage, dead and slow clicks, thrashing and hasty returns.

A recording of the neutral format is all that they see, so that they are counted on the same
ground. Where it lacks what a rule needs, the rule says how it is approximated, or that it cannot be
counted; it never counts 0 for that reason.
"""

from __future__ import annotations

from eitp_server.lab.rules.catalogue import RULES, UnknownRuleError, chosen
from eitp_server.lab.rules.facts import Facts, Need
from eitp_server.lab.rules.own import count_own
from eitp_server.lab.rules.rule import Axes, OwnRule, PeerRule, Rule, RuleKind, WindowKind
from eitp_server.lab.rules.sight import ASSUMED, Click, Sight

__all__ = [
    "ASSUMED",
    "RULES",
    "Axes",
    "Click",
    "Facts",
    "Need",
    "OwnRule",
    "PeerRule",
    "Rule",
    "RuleKind",
    "Sight",
    "UnknownRuleError",
    "WindowKind",
    "chosen",
    "count_own",
]
