"""The reference server: one process from telemetry to packets, decisions and feeds."""
