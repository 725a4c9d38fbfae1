"""The learning library, usable alone: it knows no HTTP and no database. Serving needs no torch, training does."""

import sys

# Importing openvino reports the import to Google Analytics, whatever is done with it. Without this package, which
# sends the report, it does not, and works the same.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
