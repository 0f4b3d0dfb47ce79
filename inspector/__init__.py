"""Feature Map Inspector: what every layer of an ONNX network made of a picture."""

import os

# Official ONNX Runtime builds send usage data from version 1.29 on. This program does not,
# so it says so before anything can import the library; child processes inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
