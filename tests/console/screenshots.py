"""Pictures for docs/images out of the screenshots that the walk through the workshop took: `make screenshots`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "out" / "console"
IMAGES = ROOT / "docs" / "images"
NAMES = {
    "01-get-started": 900,
    "03-project": 620,
    "05-upload": 900,
    "06-labels": 900,
    "07-gallery": 900,
    "08-draw": 900,
    "10-train": 1100,
    "11-training": 800,
    "12-evaluation": 1450,
    "13-results": 1010,
    "14-use": 1100,
}
"""Screenshots that the docs show, and how many pixels of each from the top."""
WIDTH = 960
QUALITY = 82
MOST_BYTES = 90_000


def main() -> int:
    """Write the pictures. Returns 1 where one would be too large."""
    IMAGES.mkdir(exist_ok=True)
    for name, height in NAMES.items():
        with Image.open(SHOTS / f"{name}.png") as shot:
            part = shot.convert("RGB").crop((0, 0, shot.width, min(height, shot.height)))
        small = part.resize((WIDTH, round(part.height * WIDTH / part.width)), Image.Resampling.LANCZOS)
        target = IMAGES / f"{name}.webp"
        small.save(target, quality=QUALITY, method=6)
        if target.stat().st_size > MOST_BYTES:
            print(f"{target} has {target.stat().st_size:,} bytes; at most {MOST_BYTES:,} are wanted.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
