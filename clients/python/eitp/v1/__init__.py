"""The messages and services of `eitp.v1`, generated from `proto/eitp/v1`."""

from __future__ import annotations

from eitp import _schema

_schema.register()
