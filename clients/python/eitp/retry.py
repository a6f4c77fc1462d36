"""When a call is repeated, and how long to wait before it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import MethodOptions

from .errors import EITPError, Unavailable, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.protobuf.descriptor import Descriptor, MethodDescriptor
    from google.protobuf.message import Message

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Exponential back-off with jitter, and where time and chance come from."""

    first_delay: float = 0.1
    """Seconds to wait after the first failure; doubles with each further one."""
    longest_delay: float = 5.0
    """Seconds that the wait never exceeds, unless the server asks for more."""
    now: Callable[[], float] = time.monotonic
    """Seconds of a clock that never steps back."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random
    """A number from 0 to below 1."""

    def delay(self, failures: int, error: EITPError) -> float:
        """Return the seconds to wait after so many failures in a row, the last one being `error`.

        Half of the back-off is drawn at random, so that clients that failed together do not come
        back together. The server's own wish is a floor.
        """
        back_off = min(self.longest_delay, self.first_delay * 2.0 ** min(failures - 1, 32))
        return (error.retry_after or 0.0) + back_off * (0.5 + self.random() / 2)


def may_repeat(error: EITPError, *, idempotent: bool) -> bool:
    """Return whether a call that failed may be sent again unchanged.

    The server says so with RetryInfo. When it said nothing, because it is away, only a call that
    means the same the second time may be repeated.
    """
    if error.retry_after is not None:
        return True
    return idempotent and isinstance(error, Unreachable | Unavailable)


def is_idempotent(request: Message) -> bool:
    """Return whether the schema lets the call that takes this request be repeated."""
    return _method(request.DESCRIPTOR).GetOptions().idempotency_level in {
        MethodOptions.IDEMPOTENT,
        MethodOptions.NO_SIDE_EFFECTS,
    }


@cache
def _method(request: Descriptor) -> MethodDescriptor:
    """Return the one call that takes messages of this type; no two calls share theirs."""
    return next(
        method
        for service in request.file.services_by_name.values()
        for method in service.methods
        if method.input_type is request
    )


class Outage:
    """The failures of a stream since it last worked, and how long to put up with them."""

    def __init__(self, retry: Retry, *, patience: float) -> None:
        self._retry = retry
        self._patience = patience
        self._failures = 0
        self._since = 0.0

    def end(self) -> None:
        """Note that the stream works."""
        self._failures = 0

    async def wait(self, error: EITPError) -> None:
        """Wait until the stream may be opened again.

        Raises the error when opening it again cannot help, or when the outage would last longer
        than `patience` seconds.
        """
        now = self._retry.now()
        self._since = self._since if self._failures else now
        self._failures += 1
        delay = self._retry.delay(self._failures, error)
        if not may_repeat(error, idempotent=True) or now + delay - self._since > self._patience:
            self._failures = 0
            raise error
        _logger.info("opening the stream again in %.1f s: %s", delay, error)
        await self._retry.sleep(delay)
