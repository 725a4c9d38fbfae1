"""Lines of manifests on their way into a dataset: read as they stream, checked, and what is wrong with all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from customlabels.manifest.content import MAX_ENTRIES, MAX_INVALID, MAX_LABELS
from customlabels.manifest.entry import Entry, Problem
from customlabels.manifest.groundtruth import API_RULES, Rejected, parse_line
from customlabels.manifest.opener import S3
from customlabels.manifest.problems import problem
from customlabels.service.counting import labels_of
from customlabels.store.objects import MAX_KEY_BYTES

MAX_MANIFEST_BYTES = 1 << 30
_LONGEST_LINE = 400_002
"""Bytes of 100,000 characters and a line break; what is beyond makes a line too long however it goes on."""
_BOM = b"\xef\xbb\xbf"
_TOLD = 3
"""Lines left out that a status message names."""


class ManifestRefused(Exception):
    """A manifest as a whole cannot be, or be added to, a dataset. The text is AWS's sentence, and ours behind it."""

    def __init__(self, found: Problem) -> None:
        super().__init__(f"{found.message} {found.detail}".strip())
        self.code = found.code


@dataclass
class Reader:
    """Turns lines into entries, and keeps account of what was left out, of labels, buckets and images seen.

    Memory does not grow with the lines but for 16 bytes an image.
    """

    lines: int = 0
    left_out: int = 0
    examples: list[Problem] = field(default_factory=list)
    labels: dict[str, None] = field(default_factory=dict)
    buckets: dict[str, None] = field(default_factory=dict)
    _seen: set[bytes] = field(default_factory=set)

    def read(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        """The entries of lines. Raises ManifestRefused as soon as something is wrong with the whole."""
        for line in lines:
            self.lines += 1
            if self.lines == 1:
                line = line.removeprefix(_BOM)
            if not line.strip():
                continue
            result = parse_line(line, self.lines, API_RULES)
            labels = labels_of(result) if isinstance(result, Entry) else ()
            if isinstance(result, Entry):
                result = _storable(result, labels)
            if isinstance(result, Entry):
                digest = hashlib.blake2b(result.source_ref.encode(), digest_size=16).digest()
                if digest in self._seen:
                    detail = f"{result.source_ref} is named before"
                    result = Rejected(problem("ERROR_DUPLICATE_SOURCE_REF", self.lines, detail=detail), {})
                else:
                    self._seen.add(digest)
            if isinstance(result, Rejected):
                self.left_out += 1
                self.examples = [*self.examples, result.problem][:_TOLD]
                continue
            self.labels.update(dict.fromkeys(labels))
            self.buckets[bucket_of(result.source_ref)] = None
            check_whole(len(self._seen), len(self.labels), self.buckets)
            yield result
        if self.left_out > MAX_INVALID * self.lines:
            raise ManifestRefused(problem("ERROR_TOO_MANY_RECORDS_IN_ERROR", detail=self.words().strip()))

    def words(self) -> str:
        """What was left out, for people; empty where nothing was."""
        if not self.left_out:
            return ""
        told = "; ".join(f"line {p.line}: {p.message} {p.detail[:120]}".strip() for p in self.examples)
        lines = "1 line was" if self.left_out == 1 else f"{self.left_out} lines were"
        return f" {lines} left out ({told}{'; ...' if self.left_out > _TOLD else ''})."


def _storable(entry: Entry, labels: Iterable[str]) -> Entry | Rejected:
    """An entry whose texts a database takes: PostgreSQL has no NUL, and no S3 has keys as long as a line may be."""
    key = entry.source_ref.removeprefix(S3).partition("/")[2]
    if len(key.encode()) > MAX_KEY_BYTES:
        detail = f"the key has {len(key.encode()):,} bytes; at most {MAX_KEY_BYTES:,} are allowed"
        return Rejected(problem("ERROR_INVALID_SOURCE_REF_FORMAT", entry.line, detail=detail), {})
    if "\0" in key:
        detail = "the key has the NUL character, which no object's key has"
        return Rejected(problem("ERROR_INVALID_SOURCE_REF_FORMAT", entry.line, detail=detail), {})
    if any("\0" in label for label in labels):
        detail = "a label has the NUL character, which no text has"
        return Rejected(problem("ERROR_INVALID_JSON_LINE", entry.line, detail=detail), {})
    return entry


def check_whole(images: int, labels: int, buckets: Collection[str]) -> None:
    """Raises ManifestRefused where a dataset may not hold that."""
    if images > MAX_ENTRIES:
        detail = f"At most {MAX_ENTRIES:,} entries are allowed."
        raise ManifestRefused(problem("ERROR_MANIFEST_ROWS_EXCEEDS_MAXIMUM", detail=detail))
    if labels > MAX_LABELS:
        detail = f"There are {labels}; at most {MAX_LABELS} are allowed."
        raise ManifestRefused(problem("ERROR_MANIFEST_TOO_MANY_LABELS", detail=detail))
    if len(buckets) > 1:
        detail = f"There are {' and '.join(sorted(buckets)[:3])}."
        raise ManifestRefused(problem("ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS", detail=detail))


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a file that comes in chunks, without their breaks; of an endless line only the beginning."""
    rest = b""
    for chunk in chunks:
        *whole, rest_of_chunk = chunk.split(b"\n")
        for part in whole:
            yield (rest + part)[:_LONGEST_LINE]
            rest = b""
        rest = (rest + rest_of_chunk)[:_LONGEST_LINE]
    if rest:
        yield rest


def bucket_of(source_ref: str) -> str:
    """The bucket of s3://bucket/key."""
    return source_ref.removeprefix(S3).partition("/")[0]
