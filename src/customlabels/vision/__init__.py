"""The learning library, usable alone: it knows no HTTP and no database. Serving needs no torch, training does."""

import os
import sys

# Importing openvino reports the import to Google Analytics, whatever is done with it. Without this package, which
# sends the report, it does not, and works the same.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

# OpenMP reads this once, when it is loaded: idle threads must sleep, or a second busy process slows both tenfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
