"""Settings come from variables; what cannot be meant is refused."""

from __future__ import annotations

import pytest

from customlabels.settings import SettingError, Settings


def test_the_engine_is_one_that_there_is() -> None:
    assert Settings.from_environment({}).engine == "local"
    assert Settings.from_environment({"CUSTOMLABELS_ENGINE": "ray"}).engine == "ray"
    with pytest.raises(SettingError, match="CUSTOMLABELS_ENGINE is 'slurm'; it must be local or ray"):
        Settings.from_environment({"CUSTOMLABELS_ENGINE": "slurm"})
