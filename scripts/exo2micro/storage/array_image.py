"""An array that is read like a checkpoint."""

from pathlib import Path

import numpy as np

from exo2micro.storage.image_file import ImageFile


class ArrayImage(ImageFile):
    """An image in memory with the reading methods of a checkpoint, for small images.

    Parameters
    ----------
    pixels : ndarray, shape (h, w)
        The image.
    """

    path = Path("array")
    pixel_size_um = None
    channel_name = None
    header: dict = {}  # noqa: RUF012 - never changed

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels
        self.shape = pixels.shape
        self.dtype = pixels.dtype
        self.levels = [pixels.shape]

    def close(self) -> None:
        """Nothing to close."""

    def _pixels(self, window, level):
        return self.pixels[window.slices]
