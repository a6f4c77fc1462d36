"""Which patterns transfer to another vertical, from a table of what was seen in some.

In the order of the data: `column` finds the columns, `table` reads the rows and says which are
eligible, `analysis` judges each pattern and `report` says it. `coverage` checks the rules against
simulated worlds of known truth.
"""

from __future__ import annotations

from eitp_server.lab.transfer.analysis import Analysis, Report, analyse
from eitp_server.lab.transfer.error import TransferError
from eitp_server.lab.transfer.report import METHOD, WHY, as_json, notes
from eitp_server.lab.transfer.table import Row, Table, read

__all__ = [
    "METHOD",
    "WHY",
    "Analysis",
    "Report",
    "Row",
    "Table",
    "TransferError",
    "analyse",
    "as_json",
    "notes",
    "read",
]
