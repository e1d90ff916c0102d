"""Several checkpoint images out of one stream of tiles."""

from concurrent.futures import ThreadPoolExecutor
from queue import Full, Queue

from exo2micro.storage.images import write_image

WAITING = 4  # tiles that an image's writer may be behind
LOOK_S = 0.2  # s between looks at a writer that takes no more tiles
END = object()


class StreamBrokenError(Exception):
    """The stream of tiles ended before the images were whole."""


def write_images(images, shape, tiles, **facts) -> None:
    """Write images of one shape side by side, each whole or not at all.

    Parameters
    ----------
    images : list of (path, dtype)
        Targets.
    shape : tuple of int
        ``(height, width)``, px.
    tiles : iterable of tuple of (2-D ndarray or None)
        A tile for each image, as for `write_image`.
    **facts
        Keyword arguments of `write_image`, the same for all.

    Raises
    ------
    ImageWriteError
        If the disk is full, the folder not writable, or a FITS card not valid.
    """
    with ThreadPoolExecutor(len(images)) as pool:
        queues = [Queue(WAITING) for _ in images]
        writers = [
            pool.submit(write_image, path, shape, dtype, _drain(queue), **facts)
            for (path, dtype), queue in zip(images, queues, strict=True)
        ]
        try:
            for row in tiles:
                for queue, tile, writer in zip(queues, row, writers, strict=True):
                    _hand_over(queue, tile, writer)
            for queue, writer in zip(queues, writers, strict=True):
                _hand_over(queue, END, writer)
        except BaseException:
            for queue, writer in zip(queues, writers, strict=True):
                _break_off(queue, writer)
            raise
        for writer in writers:
            writer.result()


def _drain(queue):
    """Yield what comes through a queue until its end."""
    while (tile := queue.get()) is not END:
        if isinstance(tile, StreamBrokenError):
            raise tile
        yield tile


def _hand_over(queue, tile, writer):
    """Give a tile to a writer; raise what ended it where it takes no more."""
    while True:
        try:
            return queue.put(tile, timeout=LOOK_S)
        except Full:
            if writer.done():
                writer.result()
                raise StreamBrokenError("more tiles than the image has places") from None


def _break_off(queue, writer):
    """Have a writer leave nothing behind."""
    while not writer.done():
        try:
            return queue.put(StreamBrokenError("the stream of tiles broke off"), timeout=LOOK_S)
        except Full:
            continue
