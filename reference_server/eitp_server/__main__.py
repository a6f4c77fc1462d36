"""Runs the command line as `python -m eitp_server`."""

from __future__ import annotations

import gc
import os

# Small matrices are multiplied here and there: threads for it would only fight over the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What is imported stays for good: looking for garbage meanwhile takes a tenth of the start.
gc.disable()

from eitp_server.cli import main  # noqa: E402 # not before the line above

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
