"""The main job from end to end: learn puppies from 24 photos, test with 6, then find puppies in a test photo.

Where the photos cannot be had it learns handwritten digits from pictures that it makes itself.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from customlabels.cli.display import Display
from customlabels.cli.tables import print_evaluation, print_table
from customlabels.examples.digits import digits_folder
from customlabels.examples.puppies import PhotosMissing, checksums, find_photos
from customlabels.manifest.entry import Dataset
from customlabels.manifest.opener import Folder
from customlabels.manifest.read import read_dataset
from customlabels.vision.draw import annotate
from customlabels.vision.train import train
from customlabels.vision.weights import cache_folder

PUPPIES = Path(__file__).parent / "puppies"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; its model, report and picture are in the folder that `--out` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder to write to (default: out/demo)")
    parser.add_argument("--effort", choices=("fast", "balanced", "best"), default="balanced")
    args = parser.parse_args(argv)

    with Display() as display:
        name, learn, test = _find_data(display)
    print(f"Learning from {len(learn)} pictures, testing with {len(test)}.\n", flush=True)
    began = time.monotonic()
    with Display() as display:
        model = train(learn, args.out / "model", test=test, effort=args.effort, on_progress=display.show)
    seconds = time.monotonic() - began
    evaluation = model.evaluation
    assert evaluation is not None

    print_evaluation(evaluation, seconds)
    if name == "puppies":
        print_table(
            ("Puppy Challenge, 24 photos to learn from, 6 to test with", "F1 score", "Trained in"),
            (
                ("The workshop's own result on AWS (their own 30 photos)", "0.667", "1.056 hours"),
                ("This run", f"{evaluation.f1:.3f}", f"{seconds:.1f} s"),
            ),
        )

    entry = test.entries[0]
    image = test.open(entry.source_ref)
    found = model.detect(image)
    print(f"On the test image {Path(entry.source_ref).name}:")
    print_table(
        ("Label", "Confidence", "Left", "Top", "Width", "Height"),
        ((item.name, f"{item.confidence:.1f} %", *(f"{side:.3f}" for side in item.box or ())) for item in found),
    )
    picture = args.out / "detected.jpg"
    annotate(image, found).save(picture, quality=92)

    print(f"Report:            {(model.folder / 'report.html').resolve()}")
    print(f"Annotated picture: {picture.resolve()}")
    print(f"Model:             {model.folder.resolve()}")
    print(
        f"Try your own:      {sys.executable} -m customlabels detect {args.out / 'model'} PHOTO.jpg --save {args.out}"
    )
    return 0


def _find_data(display: Display) -> tuple[str, Dataset, Dataset]:
    """The puppies where they can be had, else the digits; the source is printed."""
    try:
        photos = find_photos(
            checksums(PUPPIES / "SHA256SUMS"), lambda done, total: display.step("downloading", done / total)
        )
    except PhotosMissing as error:
        print(f"The Puppy Challenge's photos are not to be had: {error}")
        folder = digits_folder(cache_folder())
        print("Source: made here from scikit-learn's handwritten digits on scikit-image's photographs and textures")
        return "digits", read_dataset(folder / "train.manifest"), read_dataset(folder / "test.manifest")
    print(f"Source: photos of the Puppy Challenge, from {photos.source}")
    learn, test = (
        dataclasses.replace(read_dataset(PUPPIES / f"{part}.manifest"), open=Folder(photos.folder))
        for part in ("train", "test")
    )
    return "puppies", learn, test


if __name__ == "__main__":
    sys.exit(main())
