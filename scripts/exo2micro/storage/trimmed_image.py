"""A part of an image that is read like an image of its own."""

from exo2micro.storage.image_file import ImageFile
from exo2micro.storage.windows import Window


class TrimmedImage(ImageFile):
    """A window of an open image with the reading methods of a checkpoint, at full resolution only.

    Parameters
    ----------
    image : ImageFile
        Open for as long as this is used.
    window : Window
        ``(y0, y1, x0, x1)`` of what is left of it.
    """

    def __init__(self, image: ImageFile, window):
        self._image = image
        self._window = Window(*window)
        self.path = image.path
        self.shape = self._window.shape
        self.dtype = image.dtype
        self.levels = [self.shape]
        self.pixel_size_um = image.pixel_size_um
        self.channel_name = image.channel_name
        self.header = image.header

    def close(self) -> None:
        """Nothing to close: the whole image stays open."""

    def _pixels(self, window, level):
        top, left = self._window.y0, self._window.x0
        y0, y1, x0, x1 = window
        return self._image.read(Window(y0 + top, y1 + top, x0 + left, x1 + left))
