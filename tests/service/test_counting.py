"""What a dataset holds and counts after any updates, against a model in plain words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customlabels.service import datasets
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service

from .manifests import boxed, changed, label_counts, listed, made, new_project, plain, stats, tagged

NAMES = st.sampled_from(["cat", "dog", "Cat", "%", "bird"])
LINE = st.one_of(
    st.builds(plain, st.sampled_from("abcdefgh")),
    st.builds(lambda key, names: tagged(key, *names), st.sampled_from("abcdefgh"), st.lists(NAMES, max_size=3)),
    st.builds(
        lambda key, names, declared, off: boxed(key, *names, declared=declared, off=off),
        st.sampled_from("abcdefgh"),
        st.lists(NAMES, max_size=3),
        st.lists(NAMES, max_size=2),
        st.integers(0, 1),
    ),
    st.just(plain("z").replace("pictures", "elsewhere")),
)


class Model:
    """A dataset as the words of the specification have it: lines by key, in order."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, Any]] = {}

    def update(self, lines: list[str]) -> bool:
        """Returns whether the update is accepted."""
        first: dict[str, dict[str, Any]] = {}
        for line in map(json.loads, lines):
            first.setdefault(line["source-ref"], line)
        if len(lines) - len(first) > 0.2 * len(lines):
            return False
        if len({ref.split("/")[2] for ref in (*self.lines, *first)}) > 1:
            return False
        self.lines.update(first)
        return True

    def numbers(self) -> tuple[int, int, int, int]:
        labeled = sum(bool(self.used(line)) for line in self.lines.values())
        return len(self.lines), labeled, sum(map(self.has_errors, self.lines.values())), len(self.declared())

    def declared(self) -> set[str]:
        return set().union(*map(self.names, self.lines.values())) if self.lines else set()

    def counts(self) -> dict[str, tuple[int, int]]:
        lines = self.lines.values()
        return {
            name: (sum(name in self.used(line) for line in lines), sum(name in self.boxed(line) for line in lines))
            for name in self.declared()
        }

    @staticmethod
    def names(line: dict[str, Any]) -> set[str]:
        found = {value["class-name"] for value in line.values() if isinstance(value, dict) and "class-name" in value}
        return found | set(line.get("boxes-metadata", {}).get("class-map", {}).values())

    @staticmethod
    def boxed(line: dict[str, Any]) -> set[str]:
        names = line.get("boxes-metadata", {}).get("class-map", {})
        annotations = line.get("boxes", {}).get("annotations", [])
        return {names[str(box["class_id"])] for box in annotations if box["left"] < 640}

    @classmethod
    def used(cls, line: dict[str, Any]) -> set[str]:
        tags = {value["class-name"] for value in line.values() if isinstance(value, dict) and "class-name" in value}
        return tags | cls.boxed(line)

    @staticmethod
    def has_errors(line: dict[str, Any]) -> bool:
        return any(box["left"] >= 640 for box in line.get("boxes", {}).get("annotations", []))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(LINE, min_size=1, max_size=7), min_size=1, max_size=5))
def test_a_dataset_is_what_its_updates_make_of_it(service: Service, caller: Caller, updates: list[list[str]]) -> None:
    service = replace(service, settings=replace(service.settings, max_projects=0))
    arn, model = made(service, caller, None), Model()
    for lines in updates:
        accepted = model.update(lines)
        description = changed(service, caller, arn, lines)
        assert description["Status"] == ("UPDATE_COMPLETE" if accepted else "UPDATE_FAILED")
        found = listed(service, caller, arn)
        assert [entry["source-ref"] for entry in found] == list(model.lines)
        for entry in found:
            line = model.lines[entry["source-ref"]]
            assert entry["cl-metadata"] == {"is_labeled": bool(model.used(line))}
            assert ("cl-errors" in json.dumps(entry)) == model.has_errors(line)
            assert set(entry) - {"cl-metadata", "cl-errors"} == set(line)
        assert stats(service, caller, arn) == model.numbers()
        assert label_counts(service, caller, arn) == model.counts()
        for name in ("cat", "Cat", "%", "none"):
            expected = [ref for ref, line in model.lines.items() if name in model.used(line)]
            shown = listed(service, caller, arn, contains_labels=[name])
            assert [entry["source-ref"] for entry in shown] == expected
    source = {"dataset_source": {"DatasetArn": arn}}
    target: dict[str, Any] = {"project_arn": new_project(service, caller), "dataset_type": "TEST", **source}
    copy = datasets.create_dataset(service, caller, **target)["DatasetArn"]
    assert listed(service, caller, copy) == listed(service, caller, arn)
    assert label_counts(service, caller, copy) == model.counts()
