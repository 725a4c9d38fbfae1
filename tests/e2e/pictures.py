"""Labelled pictures for clients to upload: ten discs and ten crosses, so clear that a fast training learns them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from customlabels.manifest.entry import Entry
from customlabels.manifest.lines import write_line

from ..vision.shapes import shape_picture

NAMES = ("disc", "cross")
OF_EACH = 10
SIZE = (240, 180)


@dataclass(frozen=True)
class Pictures:
    """A folder of pictures, `disc/00.png` to `cross/09.png`, and what is on them."""

    folder: Path
    entries: tuple[Entry, ...]
    """One for each picture; the source-ref is its path in the folder."""

    def manifest(self, bucket: str, *, boxed: bool) -> str:
        """Ground Truth lines for the folder's copy in a bucket, with boxes or with labels of whole pictures."""
        lines = []
        for entry in self.entries:
            kept = replace(entry, source_ref=f"s3://{bucket}/{entry.source_ref}")
            kept = replace(kept, labels=()) if boxed else replace(kept, boxes=None)
            lines.append(write_line(kept) + "\n")
        return "".join(lines)

    @property
    def keys(self) -> list[str]:
        return [entry.source_ref for entry in self.entries]


def make_pictures(folder: Path) -> Pictures:
    """Draw the pictures into a new folder."""
    entries = []
    for number, name in enumerate(NAMES):
        (folder / name).mkdir(parents=True)
        for i in range(OF_EACH):
            data, boxes = shape_picture([name], 100 * number + i, SIZE)
            path = f"{name}/{i:02}.png"
            (folder / path).write_bytes(data)
            entries.append(Entry(path, (name,), boxes, *SIZE))
    return Pictures(folder, tuple(entries))
