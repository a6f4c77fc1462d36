"""The README's example runs as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from end_to_end.live import Live

README = Path(__file__).resolve().parents[2] / "README.md"


async def test_the_client_of_the_readme_runs_as_printed(own: Live) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        example,
        env={**os.environ, "EITP_SERVER": own.grpc_address, "EITP_KEY": own.shop.secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, errors.decode()
    assert "batches are safe" in printed.decode()
    assert "pkt_" in printed.decode()
