"""One call as its transport hands it to the boundary, and what it may bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from eitp_server.services.caller import CredentialKind

if TYPE_CHECKING:
    from eitp_server.services.caller import Caller
    from eitp_server.transport.codec import Codec
    from eitp_server.transport.method import Method

KIBIBYTE = 1024
_ADMIN = "/eitp.v1.AdminService/"


class Call(Protocol):
    """The parts of a call that do not depend on its transport."""

    @property
    def authorization(self) -> str:
        """The header of that name; empty when there is none."""
        ...

    @property
    def origin(self) -> str:
        """The header of that name; empty when there is none."""
        ...

    @property
    def deadline(self) -> float | None:
        """Seconds that the client still waits; None when it did not say."""
        ...

    @property
    def codec(self) -> Codec:
        """The form of its messages."""
        ...

    async def read(self, limit: int) -> bytes | None:
        """Return the next message, or None after the last.

        May raise `Exhausted(MESSAGE_TOO_LARGE)` as soon as it sees more than `limit` bytes.
        """
        ...


class Gate(Protocol):
    """Keeps out what the server could not finish."""

    def admit(self, tenant_id: str, method: str, size_bytes: int) -> None:
        """Let one message in, not yet decoded, or raise `Exhausted` with a time to retry."""
        ...


class OpenGate:
    """Keeps nothing out."""

    def admit(self, tenant_id: str, method: str, size_bytes: int) -> None:
        """Let the message in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one message may hold and how long one answer may take."""

    session_message_bytes: int = 64 * KIBIBYTE
    """Largest message that is sent with a session token."""
    message_bytes: int = 1024 * KIBIBYTE
    """Largest message of any other caller."""
    admin_message_bytes: int = 4096 * KIBIBYTE
    """Largest message to AdminService; no transport takes in more."""
    unary_seconds: float = 5.0
    """Longest unary call, whatever the client's deadline says."""

    def message(self, method: Method, caller: Caller) -> int:
        """Return the bytes of the largest message that the caller may send to the method."""
        if caller.kind is CredentialKind.SESSION:
            return self.session_message_bytes
        return self.admin_message_bytes if method.path.startswith(_ADMIN) else self.message_bytes
