"""What AWS's own conversion scripts write can be imported.

The lines are put together as the scripts of the developer guide do it: md-transform-coco, ex-csv-manifest,
md-gt-cl-transform, and validation manifests as tm-debugging-fixing-validation-errors has them corrected.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.service import Service

from .manifests import described, keys, label_counts, listed, made, ref, stats

COCO: dict[str, Any] = {
    "images": [
        {
            "id": 10,
            "file_name": "000000245915.jpg",
            "width": 640,
            "height": 480,
            "date_captured": "2013-11-18 02:53:27",
        },
        {
            "id": 11,
            "file_name": "000000245916.jpg",
            "width": 427,
            "height": 640,
            "date_captured": "2013-11-19 02:53:27",
        },
    ],
    "annotations": [
        {"image_id": 10, "category_id": 1, "bbox": [399.83, 251.0, 155.16, 101.5], "iscrowd": 0, "area": 1.5},
        {"image_id": 10, "category_id": 18, "bbox": [86, 65, 220, 334], "segmentation": [[1, 2, 3, 4]]},
        {"image_id": 11, "category_id": 18, "bbox": [0.0, 0.0, 427.0, 640.0]},
    ],
    "categories": [{"id": 1, "name": "person", "supercategory": "person"}, {"id": 18, "name": "dog"}],
}
CSV = "camellia1.jpg,camellia,with_leaves\ncamellia2.jpg,camellia,without_leaves\nnone.jpg\nnarcissus.jpg,narcissus,,\n"
MULTILABEL: dict[str, Any] = {
    "source-ref": ref("image_1.jpg"),
    "animals": [1, 0, 8],
    "animals-metadata": {
        "class-map": {"0": "cat", "1": "dog", "8": "bird"},
        "confidence-map": {"0": 0.95, "1": 0.92, "8": 0.77},
        "job-name": "labeling-job/animals",
        "human-annotated": "yes",
        "creation-date": "2020-05-25T21:33:37.797Z",
        "type": "groundtruth/image-classification-multilabel",
    },
}


def from_coco() -> list[str]:
    names = {category["id"]: category["name"] for category in COCO["categories"]}
    lines = []
    for image in COCO["images"]:
        own = [annotation for annotation in COCO["annotations"] if annotation["image_id"] == image["id"]]
        captured = datetime.strptime(image["date_captured"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        boxes = [
            {
                **dict(zip(("left", "top", "width", "height"), item["bbox"], strict=True)),
                "class_id": item["category_id"],
            }
            for item in own
        ]
        size = {"width": image["width"], "depth": 3, "height": image["height"]}
        metadata = {
            "job-name": "labeling-job/coco",
            "class-map": {item["category_id"]: names[item["category_id"]] for item in own},
            "human-annotated": "yes",
            "objects": [{"confidence": 1} for _ in own],
            "creation-date": captured.strftime("%Y-%m-%dT%H:%M:%S"),
            "type": "groundtruth/object-detection",
        }
        line = {"source-ref": ref(image["file_name"]), "coco": {"annotations": boxes, "image_size": [size]}}
        lines.append(json.dumps(line | {"coco-metadata": metadata}))
    return lines


def from_csv() -> list[str]:
    lines = []
    for row in csv.reader(io.StringIO(CSV)):
        line: dict[str, Any] = {"source-ref": ref(row[0])}
        for name in filter(None, row[1:]):
            line[name] = 1
            line[f"{name}-metadata"] = {
                "confidence": 1,
                "job-name": f"labeling-job/{name}",
                "class-name": name,
                "human-annotated": "yes",
                "creation-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
                "type": "groundtruth/image-classification",
            }
        lines.append(json.dumps(line))
    return lines


def from_multilabel() -> list[str]:
    metadata = MULTILABEL["animals-metadata"]
    line = {"source-ref": MULTILABEL["source-ref"]}
    for index, number in enumerate(MULTILABEL["animals"]):
        line[f"animals{index}"] = number
        line[f"animals{index}-metadata"] = {
            "confidence": metadata["confidence-map"][str(number)],
            "class-name": metadata["class-map"][str(number)],
            **{key: metadata[key] for key in ("job-name", "human-annotated", "creation-date", "type")},
        }
    return [json.dumps(line)]


def fixed_validation_manifest() -> list[str]:
    """Lines whose mistakes were corrected, with the findings still in them."""
    (first, second), found = (
        from_coco(),
        [{"code": "ERROR_INVALID_BOUNDING_BOX", "message": "The bounding box has ..."}],
    )
    lines = [json.loads(first), json.loads(second)]
    lines[0]["coco"]["annotations"][1]["errors"] = found
    lines[0]["coco-metadata"]["warnings"] = found
    lines[1]["errors"] = [{"code": "ERROR_NO_VALID_ANNOTATIONS", "message": "No valid annotations found."}]
    lines[1]["coco"]["errors"] = found
    unannotated = {"source-ref": ref("c.jpg"), "warnings": [{"code": "WARNING_UNANNOTATED_RECORD", "message": "R"}]}
    return [json.dumps(line) for line in (*lines, unannotated)]


# checklist: D17
@pytest.mark.parametrize(
    ("lines", "numbers", "labels"),
    [
        (from_coco(), (2, 2, 0, 2), {"person": (1, 1), "dog": (2, 2)}),
        (
            from_csv(),
            (4, 3, 0, 4),
            {"camellia": (2, 0), "with_leaves": (1, 0), "without_leaves": (1, 0), "narcissus": (1, 0)},
        ),
        (from_multilabel(), (1, 1, 0, 3), {"dog": (1, 0), "cat": (1, 0), "bird": (1, 0)}),
        (fixed_validation_manifest(), (3, 2, 0, 2), {"person": (1, 1), "dog": (2, 2)}),
    ],
    ids=["coco", "csv", "multi-label", "validation manifest"],
)
def test_their_output_is_imported(
    service: Service,
    caller: Caller,
    lines: list[str],
    numbers: tuple[int, int, int, int],
    labels: dict[str, tuple[int, int]],
) -> None:
    arn = made(service, caller, lines)
    assert described(service, caller, arn)["StatusMessage"].endswith("successfully created from the manifest file.")
    assert stats(service, caller, arn) == numbers
    assert label_counts(service, caller, arn) == labels
    found = listed(service, caller, arn)
    assert "error" not in json.dumps(found).lower()
    for line, entry in zip(lines, found, strict=True):
        extra = {"cl-metadata", "errors", "warnings"}
        assert set(entry) - extra == set(json.loads(line)) - extra


# checklist: D17
def test_the_raw_multi_label_kind_is_refused_as_by_aws(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [json.dumps(MULTILABEL)])
    (entry,) = listed(service, caller, arn)
    assert entry["animals-metadata"]["cl-errors"][0]["code"] == "ERROR_UNSUPPORTED_USE_CASE_TYPE"
    assert stats(service, caller, arn) == (1, 0, 1, 3)
    assert keys(service, caller, arn, has_errors=True) == ["image_1.jpg"]
