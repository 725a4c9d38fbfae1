"""YOLO text files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.formats import yolo
from customlabels.manifest.problems import DatasetError

MakeDataset = Callable[..., Dataset]
Picture = Callable[..., bytes]

ROW = "0 0.5 0.5 0.25 0.5\n"  # in 96 x 64 pixels:
BOX = Box("cat", 36, 16, 24, 32)


@pytest.fixture
def put(tmp_path: Path, picture: Picture) -> Callable[[dict[str, str]], Path]:
    """Writes files below a folder: text as it is given, and images for names of images."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(96, 64) if name.endswith((".jpg", ".png")) else text.encode())
        return tmp_path

    return write


Put = Callable[[dict[str, str]], Path]
NAMES = "names: [cat, dog]\n"


def boxes(dataset: Dataset) -> dict[str, tuple[Box, ...] | None]:
    return {e.source_ref: e.boxes for e in dataset.entries}


@pytest.mark.parametrize(
    ("config", "image", "label_file"),
    [
        ("train: images/train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("path: .\ntrain: images/train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("path: ../datasets/elsewhere\ntrain: images/train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("train: [images/one, images/two]\n", "images/one/a.jpg", "labels/one/a.txt"),
        ("train: ../train/images\nval: ../train/images\n", "train/images/a.jpg", "train/labels/a.txt"),  # Roboflow
        ("train: train.txt\n", "images/a.jpg", "labels/a.txt"),
        ("", "images/a.jpg", "labels/a.txt"),
        ("train: .\n", "pictures/a.jpg", "pictures/a.txt"),
    ],
)
def test_layouts_with_data_yaml(config: str, image: str, label_file: str, put: Put) -> None:
    files = {"data.yaml": config + NAMES, image: "", label_file: ROW, "train.txt": f"./{image}\n"}
    (root := put(files)).joinpath("images/two").mkdir(parents=True, exist_ok=True)
    (root / "images/one").mkdir(exist_ok=True)
    assert yolo.recognise(root)
    assert yolo.recognise(root / "data.yaml")
    for dataset in (yolo.read(root), yolo.read(root / "data.yaml")):
        assert boxes(dataset)[image] == (BOX,)
        assert dataset.labels == ("cat", "dog")
        assert dataset.entries[0].width == 96


@pytest.mark.parametrize(
    ("files", "image"),
    [
        ({"classes.txt": "cat\ndog\n", "a.txt": ROW}, "a.jpg"),  # LabelImg
        ({"labels/classes.txt": "cat\ndog\n", "labels/a.txt": ROW}, "images/a.jpg"),
        ({"obj.names": "cat\ndog\n", "obj_train_data/a.txt": ROW, "train.txt": ""}, "obj_train_data/a.jpg"),  # CVAT
    ],
)
def test_layouts_with_a_list_of_names(files: dict[str, str], image: str, put: Put) -> None:
    root = put({**files, image: ""})
    assert yolo.recognise(root)
    dataset = yolo.read(root)
    assert boxes(dataset) == {image: (BOX,)}
    assert dataset.labels == ("cat", "dog")


def test_parts(put: Put) -> None:
    files = {f"images/{part}/a.png": "" for part in ("train", "val", "test")}
    config = "train: images/train\nval: images/val\n" + NAMES
    assert yolo.read(put({**files, "data.yaml": config})).split == {
        "images/train/a.png": "train",
        "images/val/a.png": "test",
    }
    assert yolo.read(put({"data.yaml": config + "test: images/test\n"})).split == {
        "images/train/a.png": "train",
        "images/val/a.png": "train",
        "images/test/a.png": "test",
    }


def test_negatives_and_images_nobody_looked_at(put: Put) -> None:
    root = put({"data.yaml": "train: images\n" + NAMES, "images/a.jpg": "", "images/b.jpg": ""})
    assert boxes(yolo.read(root)) == {"images/a.jpg": None, "images/b.jpg": None}
    put({"labels/a.txt": "\n"})
    assert boxes(yolo.read(root)) == {"images/a.jpg": (), "images/b.jpg": ()}


def test_names_by_number(put: Put) -> None:
    root = put(
        {"data.yaml": "names: {0: cat, 5: 2024}\n", "images/a.jpg": "", "labels/a.txt": ROW.replace("0", "5", 1)}
    )
    assert yolo.read(root).entries[0].all_labels == ("2024",)


def test_a_polygon_is_the_box_around_it(put: Put) -> None:
    polygon = "0 0.375 0.25 0.625 0.5 0.5 0.75\n"
    root = put({"data.yaml": NAMES, "images/a.jpg": "", "labels/a.txt": polygon})
    assert yolo.read(root).entries[0].boxes == (BOX,)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("0 0.9 0.5 0.4 0.5", "ERROR_INVALID_BOUNDING_BOX"),
        ("0 0.5 0.5 0.001 0.001", "ERROR_BOUNDING_BOX_TOO_SMALL"),
        ("7 0.5 0.5 0.25 0.5", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        ("0 0.5 0.5 0.25", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        ("0 0.5 0.5 0.25 0.5 0.9", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),  # a prediction's confidence
        ("cat 0.5 0.5 0.25 0.5", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        ("0 nan 0.5 0.25 0.5", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        ("0", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
    ],
)
def test_a_bad_line_does_not_cost_its_image_the_others(row: str, code: str, put: Put) -> None:
    root = put({"data.yaml": NAMES, "images/a.jpg": "", "labels/a.txt": f"{row}\n{ROW}"})
    entry = yolo.read(root).entries[0]
    assert [p.code for p in entry.problems] == [code]
    assert entry.boxes == (BOX,)
    put({"labels/a.txt": row})
    assert yolo.read(root).entries[0].boxes is None


def test_a_broken_image_and_a_label_file_without_one_are_told(put: Put) -> None:
    root = put({"data.yaml": NAMES, "images/a.jpg": "", "labels/a.txt": ROW, "labels/lost.txt": ROW})
    (root / "images/b.jpg").write_bytes(b"not an image")
    dataset = yolo.read(root)
    assert [p.code for p in dataset.entries[1].problems] == ["ERROR_INVALID_IMAGE"]
    assert [p.detail for p in dataset.dropped] == ["labels/lost.txt: there is no image for this label file"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("names: 5\n", "names must be a list"),
        ("names: [[1]]\n", "is no class name"),
        ("names: [cat\n", "is not YAML"),
        ("- names\n", "must hold names"),
        ("train: nowhere\nnames: [cat]\n", "there is no such folder or list below"),
        ("train: ../../etc\nnames: [cat]\n", "there is no such folder or list below"),
        (f"train: {'x' * 300}\nnames: [cat]\n", "there is no such folder or list below"),
        ("train: /etc\nnames: [cat]\n", "there is no such folder or list below"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nnames: *b\n", "aliases are not allowed"),
        ("names: !!python/object/apply:os.getcwd []\n", "is not YAML"),
        ("names: [cat]\n", "no image was found"),
    ],
)
def test_a_data_yaml_that_cannot_be_followed(config: str, words: str, put: Put) -> None:
    with pytest.raises(DatasetError, match=words):
        yolo.read(put({"data.yaml": config}))


def test_a_list_of_images_does_not_lead_out(put: Put, tmp_path: Path, picture: Picture) -> None:
    root = put(
        {
            "set/data.yaml": "train: train.txt\n" + NAMES,
            "set/train.txt": "a.jpg\n../b.jpg\n",
            "set/a.jpg": "",
            "b.jpg": "",
        }
    )
    assert list(boxes(yolo.read(root / "set"))) == ["a.jpg"]


BOXED = [
    Entry("images/test/b.png", boxes=(), width=96, height=64),
    Entry("images/train/sub/a.jpg", (), (Box("cat", 1.25, 2, 30.5, 40), Box("dog", 0, 0, 9, 9)), 96, 64),
]


def test_what_is_written_is_read_as_it_was(tmp_path: Path, dataset_in: MakeDataset) -> None:
    split = {"images/test/b.png": "test", "images/train/sub/a.jpg": "train"}
    dataset = dataset_in(tmp_path / "in", BOXED, labels=("dog", "nothing: yet", "cat"), split=split)
    assert yolo.write(dataset, tmp_path / "out") == ()
    again = yolo.read(tmp_path / "out")
    assert (again.entries, again.labels, again.split) == (dataset.entries, dataset.labels, split)
    assert again.open("images/test/b.png") == dataset.open("images/test/b.png")


def test_without_a_split_everything_is_for_training(tmp_path: Path, dataset_in: MakeDataset) -> None:
    yolo.write(dataset_in(tmp_path / "in", BOXED), tmp_path / "out")
    assert set(yolo.read(tmp_path / "out").split.values()) == {"train"}
