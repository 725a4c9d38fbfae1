"""What other machines do for a training: features of its pictures, with the rights of whoever asked for it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from customlabels.service.access.caller import Caller
from customlabels.service.remote import Extractor
from customlabels.service.service import Service
from customlabels.vision.extraction import Extraction
from customlabels.vision.frozen import exported

from .manifests import ref
from .trainings import put_photos


class Mean(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(torch.float32).mean((1, 2))


@pytest.fixture(scope="module")
def extraction() -> Extraction:
    return Extraction(exported(Mean(), (64, 64)), (64, 64), 1, (0,), ("float32",))


def extractor(service: Service, caller: Caller) -> Extractor:
    """As it comes to another machine."""
    made: Extractor = pickle.loads(pickle.dumps(Extractor(service.settings.environment(), caller)))
    return made


def test_features_are_those_of_the_objects(service: Service, caller: Caller, extraction: Extraction) -> None:
    keys = [key for key, _ in put_photos(service, "train", ("dusk", "dawn"), 2)]
    made = extractor(service, caller)(extraction, [(i, ref(keys[i])) for i in (2, 3)], 1)
    content = [service.objects.read("pictures", key) for key in keys]
    expected = list(extraction.open()([(i, lambda i=i: content[i]) for i in (2, 3)]))  # type: ignore[misc]
    assert [rows.shape for (rows,) in made] == [(3, 3), (3, 3)]
    assert all(np.array_equal(one, other) for (one,), (other,) in zip(made, expected, strict=True))


def test_what_the_caller_may_not_read_is_not_read(service: Service, extraction: Extraction) -> None:
    ((key, _),) = put_photos(service, "train", ("dusk",), 1)
    nobody = Caller(service.account, "nobody", ())
    with pytest.raises(PermissionError, match="user/nobody may not read it"):
        extractor(service, nobody)(extraction, [(0, ref(key))], 1)
