"""Benchmarks of the running server: ingest end to end."""

from __future__ import annotations

from eitp_server.lab.bench.ingest import LoadFailedError, Options, bench_ingest
from eitp_server.lab.bench.report import Report
from eitp_server.lab.bench.server import ServerFailedError

__all__ = ["LoadFailedError", "Options", "Report", "ServerFailedError", "bench_ingest"]
