"""`customlabels detect`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from customlabels.cli.display import Display
from customlabels.cli.exits import DATA, OK, UsageError
from customlabels.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customlabels.vision.model import Detection, Detections, Model


def run(args: argparse.Namespace) -> int:
    """Answer for each image; one that cannot be used is named, and the others are answered all the same."""
    from customlabels.vision.model import Model
    from customlabels.vision.parallel import ahead

    model = Model.load(args.model)
    names = _file_names(args.images)
    if args.save is not None:
        _refuse_overwriting(args.images, args.save, names)
        args.save.mkdir(parents=True, exist_ok=True)
    model.warm()  # a damaged model is not the first image's fault
    code = OK
    with Display() as display:
        answers = ahead(lambda job: _answer(model, *job, args), zip(args.images, names, strict=True))
        for i, (path, answer) in enumerate(zip(args.images, answers, strict=True)):
            if isinstance(answer, str):
                code = DATA
                _report(path, answer, args.json)
            else:
                _print(path, answer, args.json)
            display.step("detecting", (i + 1) / len(args.images))
    if code == OK and args.save is not None and not args.json:
        print(f"Pictures with what was found: {args.save}")
    return code


def _answer(model: Model, path: Path, name: str, args: argparse.Namespace) -> Detections | str:
    """What was found in one image, drawn on a copy where that is asked for; the reason if it cannot be used."""
    from customlabels.imaging.images import ImageError
    from customlabels.vision.draw import annotate

    try:
        content = path.read_bytes()
        found = model.detect(content, args.min_confidence, args.max_results)
    except ImageError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    if args.save is not None:
        annotate(content, found).save(args.save / name, quality=92)
    return found


def _print(path: Path, found: Sequence[Detection], as_json: bool) -> None:
    if as_json:
        print_json({"Image": str(path), "CustomLabels": [item.to_dict() for item in found]})
        return
    print(f"{path}: {len(found) or 'no'} label{'' if len(found) == 1 else 's'}")
    if not found:
        return
    if found[0].box is None:
        print_table(("Label", "Confidence"), ((item.name, f"{item.confidence:.1f} %") for item in found))
        return
    print_table(
        ("Label", "Confidence", "Left", "Top", "Width", "Height"),
        ((item.name, f"{item.confidence:.1f} %", *(f"{side:.3f}" for side in item.box or ())) for item in found),
    )


def _report(path: Path, error: str, as_json: bool) -> None:
    if as_json:
        print_json({"Image": str(path), "Error": error})
    print(f"customlabels detect: {path}: {error}", file=sys.stderr)


def _refuse_overwriting(images: Sequence[Path], folder: Path, names: Sequence[str]) -> None:
    originals = {path.resolve() for path in images}
    for name in names:
        if (folder / name).resolve() in originals:
            raise UsageError(f"--save {folder} would overwrite {folder / name} itself: name another folder.")


def _file_names(images: Sequence[Path]) -> list[str]:
    """A name for each annotated picture, each used once; the kind stays JPEG or PNG."""
    used: set[str] = set()
    names = []
    for path in images:
        suffix = ".png" if path.suffix.lower() == ".png" else ".jpg"
        name, number = path.stem + suffix, 1
        while name in used:
            number += 1
            name = f"{path.stem}-{number}{suffix}"
        used.add(name)
        names.append(name)
    return names
