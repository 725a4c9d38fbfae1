"""The error and warning codes of Custom Labels with their fixed words, and how a finding is made.

The words are AWS's. Codes of our own, for what AWS leaves without one: ERROR_DUPLICATE_SOURCE_REF,
WARNING_OTHER_USE_CASE and WARNING_NOT_WRITTEN.
"""

from __future__ import annotations

from customlabels.manifest.entry import Problem

MAX_LABEL_LENGTH = 256
OVERLAP_PERCENT = 50

MESSAGES = {
    # What is wrong with one line. Those up to ERROR_INVALID_JSON_LINE are looked for first, see PRECEDENCE.
    "ERROR_MISSING_SOURCE_REF": "The source-ref key is missing.",
    "ERROR_INVALID_SOURCE_REF_FORMAT": "The format of the source-ref value is invalid.",
    "ERROR_NO_LABEL_ATTRIBUTES": "No label attributes found.",
    "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT": "The format of the label attribute {} is invalid.",
    "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT": "The format of the label attribute metadata is invalid.",
    "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE": "One or more bounding boxes has a missing confidence value.",
    "ERROR_MISSING_CLASS_MAP_ID": "One of more class ids is missing from the class map.",
    "ERROR_INVALID_JSON_LINE": "The JSON Line has an invalid format.",
    "ERROR_DUPLICATE_SOURCE_REF": "The source-ref occurs more than once.",
    "ERROR_NO_VALID_LABEL_ATTRIBUTES": "No valid label attributes found.",
    "ERROR_INVALID_IMAGE": "The image is invalid. Check S3 path and/or image properties.",
    "ERROR_INVALID_IMAGE_DIMENSION": "The image dimension(s) do not conform to allowed dimensions.",
    "ERROR_INVALID_BOUNDING_BOX": "The bounding box has off frame values.",
    "ERROR_NO_VALID_ANNOTATIONS": "No valid annotations found.",
    "ERROR_BOUNDING_BOX_TOO_SMALL": "The height and width of the bounding box is too small.",
    "ERROR_TOO_MANY_BOUNDING_BOXES": "There are more bounding boxes than the allowed maximum.",
    "ERROR_UNSUPPORTED_USE_CASE_TYPE": (
        "The use case type of the {}-metadata label attribute metadata is unsupported. Check the type field."
    ),
    "ERROR_INVALID_LABEL_NAME_LENGTH": (
        "The length of the label name is invalid. A label name has 1 to 256 characters."
    ),
    "WARNING_UNANNOTATED_RECORD": "Record is unannotated.",
    "WARNING_NO_ANNOTATIONS": "No annotations were found.",
    "WARNING_NO_ATTRIBUTE_ANNOTATIONS": "No attribute annotations were found.",
    "WARNING_OTHER_USE_CASE": "The labels of the image are not of the kind the model learns from.",
    "WARNING_NOT_WRITTEN": "The file format cannot hold this.",
    # What is wrong with a whole file.
    "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT": "The manifest file extension or contents are invalid.",
    "ERROR_EMPTY_MANIFEST": "The manifest file is empty.",
    "ERROR_MANIFEST_SIZE_TOO_LARGE": "The manifest file size exceeds the maximum supported size.",
    "ERROR_MANIFEST_ROWS_EXCEEDS_MAXIMUM": "The manifest file has too many rows.",
    "ERROR_TOO_MANY_RECORDS_IN_ERROR": "The manifest file has too many terminal errors.",
    "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_DISTRIBUTE": (
        "The manifest file doesn't have enough labeled images to distribute the dataset."
    ),
    "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST": "The manifest file contains too many invalid rows.",
    "ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS": "The manifest file contains images from multiple S3 buckets.",
    "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT": (
        "The manifest file contains insufficient labeled images per label to perform auto-split."
    ),
    "ERROR_MANIFEST_TOO_FEW_LABELS": "The manifest file has too few labels.",
    "ERROR_MANIFEST_TOO_MANY_LABELS": "The manifest file has too many labels.",
    "ERROR_INSUFFICIENT_LABEL_OVERLAP": (
        f"Less than {OVERLAP_PERCENT}% label overlap between the training and testing manifest files."
    ),
    "ERROR_MANIFEST_TOO_FEW_USABLE_LABELS": "The manifest file has too few usable labels.",
    "ERROR_INSUFFICIENT_USABLE_LABEL_OVERLAP": (
        f"Less than {OVERLAP_PERCENT}% usable label overlap between the training and testing manifest files."
    ),
    "ERROR_INVALID_PERMISSIONS_MANIFEST_S3_BUCKET": "The S3 bucket permissions are incorrect.",
    "ERROR_CANNOT_WRITE_OUTPUT_S3_BUCKET": "Unable to write to output S3 bucket.",
    "ERROR_INVALID_PERMISSIONS_IMAGES_S3_BUCKET": "The permissions for the images S3 bucket are invalid.",
    "ERROR_FAILED_IMAGES_S3_COPY": "Failed to copy images from S3 bucket.",
}

PRECEDENCE = frozenset(
    {
        "ERROR_MISSING_SOURCE_REF",
        "ERROR_INVALID_SOURCE_REF_FORMAT",
        "ERROR_NO_LABEL_ATTRIBUTES",
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
        "ERROR_MISSING_CLASS_MAP_ID",
        "ERROR_INVALID_JSON_LINE",
    }
)
"""Where one of these is found on a line, no other finding of the line is reported."""


class DatasetError(ValueError):
    """A dataset that cannot be read or written as a whole; the text names the file, the trouble and the remedy."""


def problem(
    code: str, line: int = 0, location: tuple[str | int, ...] = (), detail: str = "", name: str = ""
) -> Problem:
    """A finding with the words of its code; `name` fills the gap in those words that have one."""
    return Problem(code, MESSAGES[code].format(name), line, location, detail)


class Findings:
    """Collects what is found on one line, and keeps to the rule of precedence."""

    def __init__(self, line: int) -> None:
        self.line = line
        self._first: list[Problem] = []
        self._others: list[Problem] = []

    def add(self, code: str, location: tuple[str | int, ...] = (), detail: str = "", name: str = "") -> None:
        found = problem(code, self.line, location, detail, name)
        (self._first if code in PRECEDENCE else self._others).append(found)

    def report(self) -> tuple[Problem, ...]:
        """The findings of the precedence group, or where there are none, the others."""
        return tuple(self._first or self._others)

    @property
    def codes(self) -> set[str]:
        return {found.code for found in (*self._first, *self._others)}
