"""Where the engine's process begins. It loads nothing itself, so that what must come before the libraries can."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection


def serve(
    connection: Connection, log: Connection, provider: str, memory_bytes: int, tensor_bytes: int, scratch: str
) -> None:
    """Load the libraries, then answer requests until the other side closes."""
    if scratch:  # this process measures: a kernel on the GPU has its time only where its end is waited for
        os.environ["CUDA_LAUNCH_BLOCKING"] = "1"
    # numpy would start threads when it is loaded, and a thread that is there already is not locked in later.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from inspector.engine.child import worker

    worker.serve(connection, log, provider, memory_bytes, tensor_bytes, scratch)
