"""Recorded visits: the neutral file format, and how a visit becomes telemetry."""

from __future__ import annotations

from .batch import Batch, Target, cut, thin
from .error import RecordingError
from .event import Event, Recording
from .format import labels, labels_file, read, recording_files, write, write_labels
from .synthetic import SYNTHETIC, generate
from .vocabulary import Kind, PageType, Role, Section

__all__ = [
    "SYNTHETIC",
    "Batch",
    "Event",
    "Kind",
    "PageType",
    "Recording",
    "RecordingError",
    "Role",
    "Section",
    "Target",
    "cut",
    "generate",
    "labels",
    "labels_file",
    "read",
    "recording_files",
    "thin",
    "write",
    "write_labels",
]
