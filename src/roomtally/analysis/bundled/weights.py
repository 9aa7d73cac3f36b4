"""The model files of this installation, checked before they are used."""

from importlib import resources

from roomtally import errors
from roomtally.analysis.models import manifest


def read(model: manifest.Model) -> bytes:
    """The file's bytes (8 to 12 MB); raises `errors.Invalid` where it is missing or is not what the build made."""
    path = resources.files("roomtally.analysis.models") / model.file
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise errors.Invalid(
            "model-missing",
            f"The model file {model.file} is not in this installation. Install Roomtally again: its build makes the file.",
        ) from error
    if not manifest.matches(content, model.sha256):
        raise errors.Invalid(
            "model-changed", f"The model file {model.file} is damaged or was changed. Install Roomtally again."
        )
    return content
