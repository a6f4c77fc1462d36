"""What to say of a port that cannot be listened on."""

from __future__ import annotations


def port_taken(address: str, setting: str) -> OSError:
    """Return the error for an address that another process has, or that is not this machine's."""
    return OSError(
        f"{address} cannot be listened on, most likely because something else does; stop that, "
        f"or set {setting} to another port, 0 for any that is free"
    )
