"""What can be wrong with a backbone that somebody names."""

from __future__ import annotations

from customlabels.vision.weights import WeightsError


class BackboneError(WeightsError):
    """A named backbone cannot be had, used or allowed; the text says why, and what helps."""
