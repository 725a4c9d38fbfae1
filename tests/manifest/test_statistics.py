"""What `inspect` shows."""

from __future__ import annotations

import json

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.problems import problem
from customlabels.manifest.statistics import LabelCount, statistics


def test_a_dataset_in_numbers() -> None:
    cat, dog = Box("cat", 0, 0, 9, 9), Box("dog", 0, 0, 9, 9)
    entries = (
        Entry("a", ("cat",)),
        Entry("b", boxes=(cat, cat, dog), problems=(problem("ERROR_INVALID_BOUNDING_BOX"),)),
        Entry("c", boxes=()),
        Entry("d", problems=(problem("WARNING_UNANNOTATED_RECORD"),)),
        Entry("e", ("dog",), boxes=(dog,)),
    )
    dropped = (problem("ERROR_INVALID_JSON_LINE", 9),)
    result = statistics(Dataset(entries, ("dog", "cat", "cow"), lambda ref: b"", dropped, {"a": "train", "c": "test"}))
    assert (result.images, result.labeled, result.negatives, result.unlabeled) == (5, 3, 1, 1)
    assert (result.with_errors, result.dropped, result.boxes) == (1, 1, 4)
    assert result.labels == (LabelCount("dog", 2, 2, 2), LabelCount("cat", 2, 1, 2), LabelCount("cow", 0, 0, 0))
    assert result.problems == {
        "ERROR_INVALID_BOUNDING_BOX": 1,
        "ERROR_INVALID_JSON_LINE": 1,
        "WARNING_UNANNOTATED_RECORD": 1,
    }
    assert result.split == {"test": 1, "train": 1}
    assert json.loads(json.dumps(result.to_json()))["labels"][1]["boxed_images"] == 1
