"""The split keeps what it promises, for every dataset."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.manifest.content import Part, check_content
from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.split import labels_too_rare, split


def labelled(*counts: int) -> list[Entry]:
    """As many images of each label as the counts say."""
    return [Entry(f"{label}-{i}.jpg", (f"label {label}",)) for label, n in enumerate(counts) for i in range(n)]


def counts(entries: list[Entry]) -> Counter[str]:
    return Counter(label for entry in entries for label in entry.all_labels)


@pytest.mark.parametrize(
    ("sizes", "test_images"),
    [((70,), 14), ((30,), 6), ((100, 100), 40), ((10, 20, 30, 40), 20), ((12,) * 6, 14), ((2, 2), 1), ((5, 5), 2)],
)
def test_a_fifth_goes_to_the_test_set(sizes: tuple[int, ...], test_images: int) -> None:
    train, test = split(labelled(*sizes))
    assert len(test) == test_images
    for label, n in counts(labelled(*sizes)).items():
        assert abs(counts(test)[label] - n / 5) < 1
        assert counts(train)[label] >= 1


def test_another_fraction() -> None:
    train, test = split(labelled(100, 50), fraction=0.5)
    assert counts(test) == {"label 0": 50, "label 1": 25}
    with pytest.raises(ValueError, match="above 0 and below 1"):
        split(train, fraction=1)


def test_the_seed_decides_and_the_order_of_the_entries_does_not() -> None:
    entries = labelled(40, 40)
    train, test = split(entries, seed=3)
    assert split(entries, seed=3) == (train, test)
    assert set(_refs(split(entries[::-1], seed=3)[1])) == set(_refs(test))
    assert set(_refs(split(entries, seed=4)[1])) != set(_refs(test))
    assert _refs(train) == [e.source_ref for e in entries if e in train]  # in their old order


def test_identical_images_stay_on_one_side() -> None:
    entries = labelled(60, 60)
    number = {e.source_ref: i for i, e in enumerate(entries)}
    train, test = split(entries, fingerprint=lambda e: str(number[e.source_ref] // 3))
    groups = [{number[e.source_ref] // 3 for e in side} for side in (train, test)]
    assert groups[0].isdisjoint(groups[1])
    assert len(test) == 24


def test_negatives_are_split_in_proportion_and_unlabeled_images_train() -> None:
    boxed = [Entry(f"box-{i}", boxes=(Box("crack", 0, 0, 9, 9),)) for i in range(30)]
    negatives = [Entry(f"negative-{i}", boxes=()) for i in range(20)]
    unlabeled = [Entry(f"unlabeled-{i}") for i in range(50)]
    _, test = split([*boxed, *negatives, *unlabeled])
    assert Counter(e.source_ref.partition("-")[0] for e in test) == {"box": 6, "negative": 4}


def test_labels_too_rare_are_named() -> None:
    assert labels_too_rare(labelled(1, 2, 1)) == ["label 0", "label 2"]


@st.composite
def datasets(draw: st.DrawFn) -> list[Entry]:
    labels = st.lists(st.sampled_from("abcdefgh"), max_size=4, unique=True)
    kinds = draw(st.lists(st.tuples(labels, st.sampled_from(["labels", "boxes", "none"])), max_size=80))
    out = []
    for i, (names, kind) in enumerate(kinds):
        boxes = tuple(Box(name, 0, 0, 1, 1) for name in names)
        entry = Entry(str(i))
        out.append(
            {"labels": replace(entry, labels=tuple(names)), "boxes": replace(entry, boxes=boxes)}.get(kind, entry)
        )
    return out


@given(datasets(), st.integers(0, 5), st.sampled_from([0.1, 0.2, 0.5]), st.integers(1, 3))
def test_the_promises_hold_for_every_dataset(entries: list[Entry], seed: int, fraction: float, group: int) -> None:
    train, test = split(entries, fraction, seed, fingerprint=lambda e: str(int(e.source_ref) // group))
    assert sorted(_refs([*train, *test])) == sorted(_refs(entries))  # complete and disjoint
    annotated = [e for e in entries if e.labels or e.boxes is not None]
    assert all(e in annotated for e in test)
    groups: dict[str, set[int]] = {}
    for entry in annotated:
        for label in entry.all_labels or ("negative",):
            groups.setdefault(label, set()).add(int(entry.source_ref) // group)
    members = {
        side: {int(e.source_ref) // group for e in half if e in annotated} for side, half in enumerate((train, test))
    }
    assert members[0].isdisjoint(members[1])
    if group == 1:
        for units in groups.values():
            if len(units) >= 2:
                assert units & members[0]
            if len(units) >= 5:
                assert units & members[1]
    assert abs(len(test) - fraction * len(annotated)) <= len(groups) + group
    singles = sum(len(units) == 1 for units in groups.values())
    if len(annotated) > 2 * group and not singles:
        assert test


def test_a_large_dataset_is_split_evenly() -> None:
    entries = [Entry(str(i), (str(i % 100), str(i * 7919 % 97 + 100))) for i in range(20_000)]
    _, test = split(entries)
    assert max(abs(counts(test)[label] - n / 5) for label, n in counts(entries).items()) < 2
    assert abs(len(test) - 4000) <= 100


def _refs(entries: list[Entry]) -> list[str]:
    return [entry.source_ref for entry in entries]


@pytest.mark.parametrize("labels", [1, 2, 3, 5, 10, 20, 41])
@pytest.mark.parametrize("images", [2, 3, 4])
@pytest.mark.parametrize("negatives", [0, 10])
def test_a_few_images_of_each_label_are_enough_for_an_automatic_split(labels: int, images: int, negatives: int) -> None:
    boxes = {f"l{i}": (Box(f"l{i}", 0, 0, 20, 20),) for i in range(labels)}
    size: dict[str, Any] = {"width": 64, "height": 64}
    entries = [Entry(f"{label}-{k}.png", boxes=box, **size) for label, box in boxes.items() for k in range(images)]
    entries += [Entry(f"n{k}.png", boxes=(), **size) for k in range(negatives)]
    for seed in range(10):
        train, test = split(entries, seed=seed)
        verdict = check_content(Part(train), Part(test), auto_split=True)
        assert verdict.message == ""
        assert set(boxes) == {box.label for entry in train for box in entry.boxes or ()}
