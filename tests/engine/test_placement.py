"""Several placements of jobs act as one."""

from __future__ import annotations

from customlabels.engine.placement import Together


class Part:
    """Writes down what it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def stop(self) -> None:
        self.told.append("stop")

    def wake(self, kind: str) -> None:
        self.told.append(kind)

    def alive(self) -> dict[str, bool]:
        return {self.name: "stop" not in self.told}


def test_every_part_is_told_and_asked() -> None:
    parts = [Part("data"), Part("training")]
    together = Together(parts)
    together.start()
    together.wake("version.train")
    assert together.alive() == {"data": True, "training": True}
    together.stop()
    assert [part.told for part in parts] == [["start", "version.train", "stop"]] * 2
    assert together.alive() == {"data": False, "training": False}
