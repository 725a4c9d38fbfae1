"""A model's files: in a folder of the user, in the hub's cache, or fetched into it. The only place that connects."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from customlabels.vision.hub.errors import BackboneError

WEIGHTS = "model.safetensors"
_ID = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:@(\w[\w./-]*))?")


@dataclass(frozen=True)
class Folder:
    """A model that lies in a folder."""

    path: Path
    revision: str = ""

    @property
    def name(self) -> str:
        return self.path.resolve().name

    def find(self, file: str, required: bool = False) -> Path | None:
        """The path of a file, None where the model has none of that name."""
        path = self.path / file
        return path if path.is_file() else None


@dataclass
class Repository:
    """A model of the hub. What is in the cache is taken from there, and only what is not is fetched.

    `revision` is a branch or tag until the first file is there, and that file's commit from then on.
    """

    name: str
    revision: str
    reached: bool = True

    def find(self, file: str, required: bool = False) -> Path | None:
        """The path of a file, None where the model has none of that name, or it cannot be had and is not `required`.

        Raises BackboneError where there is no such model, or what is required cannot be had.
        """
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        from huggingface_hub import constants, errors
        from huggingface_hub.utils import disable_progress_bars

        if not sys.stderr.isatty():
            disable_progress_bars()
        try:
            return self._file(file)
        except errors.LocalEntryNotFoundError as error:
            self.reached = False
            if not required:
                return None
            reason = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the hub cannot be reached"
            raise BackboneError(
                f"{file} of {self.name} is not in the hub's cache on this machine, and {reason}: "
                f"connect, or fetch it with `hf download {self.name}` elsewhere and copy the cache."
            ) from error
        except errors.EntryNotFoundError:
            return None
        except errors.GatedRepoError as error:
            raise BackboneError(
                f"{self.name} is given only to those who accept its terms: do so on its page, then set HF_TOKEN."
            ) from error
        except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
            raise BackboneError(f"The hub has no model {self.name}: check the id, or set HF_TOKEN.") from error
        except errors.RevisionNotFoundError as error:
            raise BackboneError(f"{self.name} has no revision {self.revision}: check what follows the @.") from error
        except errors.HfHubHTTPError as error:
            raise BackboneError(f"{file} of {self.name} could not be fetched, try again later: {error}") from error

    def _file(self, file: str) -> Path:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            path = hf_hub_download(self.name, file, revision=self.revision, local_files_only=True)
        except LocalEntryNotFoundError:
            if not self.reached:  # each further attempt would last as long as the first
                raise
            path = hf_hub_download(self.name, file, revision=self.revision)
        self.revision = Path(path).parent.name
        return Path(path)


def place_of(backbone: str) -> Folder | Repository:
    """Where a backbone lies that is named by a folder or as ORGANISATION/NAME[@REVISION]. Raises BackboneError."""
    if backbone and Path(backbone).is_dir():
        return Folder(Path(backbone))
    found = _ID.fullmatch(backbone)
    if found is None:
        raise BackboneError(
            f"{backbone!r} is neither a folder nor the id of a model: name a folder with {WEIGHTS} and config.json, "
            "or ORGANISATION/NAME, as in facebook/dinov2-base."
        )
    return Repository(found[1], found[2] or "main")
