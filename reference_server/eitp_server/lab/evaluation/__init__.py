"""Judges what the server reads from a hand against labelled recordings, on people it never met.

In the order of the data: `stream` thins recordings to what a browser sends, `playback` folds each
person's recordings in their order, `feature` puts what is known at the end of each into columns,
`model` learns from some people and scores the others, `baseline` does the same with what anybody
could guess, `score` compares the two, `evaluation` puts it together and `report` says it.
"""

from __future__ import annotations

from eitp_server.lab.evaluation.error import EvaluationError
from eitp_server.lab.evaluation.evaluation import Evaluation, evaluate
from eitp_server.lab.evaluation.feature import FEATURES
from eitp_server.lab.evaluation.report import as_json, as_table, in_words, notes
from eitp_server.lab.evaluation.rule import Rule
from eitp_server.lab.evaluation.task import TASKS, Task, declare

__all__ = [
    "FEATURES",
    "TASKS",
    "Evaluation",
    "EvaluationError",
    "Rule",
    "Task",
    "as_json",
    "as_table",
    "declare",
    "evaluate",
    "in_words",
    "notes",
]
