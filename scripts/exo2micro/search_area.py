"""Where on the frame microbes are looked for: on the sample, by blocks, before anything is warped.

Beside the sample there is nothing to find, and most of a frame may lie beside it. A reduced pre
image and the transform tell which blocks of the frame show sample; the rest is neither read, nor
warped, nor filtered.
"""

import cv2
import numpy as np

from exo2micro.storage import Window
from exo2micro.view import DIM

BLOCK = 32  # px
REDUCED = 1 / 16
LEVEL_PART = 0.2  # of the level from which a pixel counts as sample: blocks may be full in part
GROWTH = 3  # reduced px around what shows sample: more than a block, and the search's rim


class SearchArea:
    """Blocks of the padded-post frame that show sample.

    Parameters
    ----------
    blocks : ndarray of bool, shape (rows, columns)
        Blocks of `BLOCK` px from the frame's first pixel on.
    shape : tuple of int
        ``(height, width)`` of the frame, px.
    """

    def __init__(self, blocks, shape):
        self.blocks = blocks
        self.shape = shape

    @classmethod
    def find(cls, pre, transform, shape, box, level):
        """Look for the sample on the reduced pre image.

        Parameters
        ----------
        pre : ImageFile
            Padded pre.
        transform : Transform
            Padded post to padded pre.
        shape : tuple of int
            ``(height, width)`` of the padded-post frame.
        box : tuple of int
            ``(y0, y1, x0, x1)`` of the raw post image in it: beyond there is nothing to find.
        level : float
            Level of the pre image, dark level included, from which a block shows sample.
        """
        reduced, (fx, fy) = pre.read_reduced(REDUCED, exact=level < DIM)
        shown = (reduced > level).astype(np.uint8)
        side = 2 * GROWTH + 1
        shown = cv2.dilate(shown, np.ones((side, side), np.uint8)).astype(bool)
        blocks = np.zeros([-(-side // BLOCK) for side in shape], dtype=bool)
        middles = [np.arange(count) * BLOCK + (BLOCK - 1) / 2 for count in blocks.shape]
        y, x = (grid.ravel() for grid in np.meshgrid(*middles, indexing="ij"))
        source = transform.map_points(np.stack([x, y], axis=1))
        column, row = np.rint((source + 0.5) * (fx, fy) - 0.5).astype(int).T
        inside = (row >= 0) & (row < shown.shape[0]) & (column >= 0) & (column < shown.shape[1])
        inside &= (y > box[0] - BLOCK) & (y < box[1] + BLOCK)
        inside &= (x > box[2] - BLOCK) & (x < box[3] + BLOCK)
        blocks.ravel()[inside] = shown[row[inside], column[inside]]
        return cls(blocks, tuple(shape))

    def trim(self, window):
        """Smallest rectangle of whole blocks that holds all sample of a window; None for none.

        Parameters
        ----------
        window : Window
            Its edges lie on blocks' edges, or on the frame's.
        """
        rows, columns = self._blocks_of(window)
        part = self.blocks[rows, columns]
        if not part.any():
            return None
        y, x = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        return Window(
            window.y0 + int(y[0]) * BLOCK,
            min(window.y0 + int(y[-1] + 1) * BLOCK, window.y1),
            window.x0 + int(x[0]) * BLOCK,
            min(window.x0 + int(x[-1] + 1) * BLOCK, window.x1),
        )

    def within(self, window):
        """Pixels of a window that belong to blocks with sample; bool."""
        rows, columns = self._blocks_of(window)
        whole = np.repeat(np.repeat(self.blocks[rows, columns], BLOCK, axis=0), BLOCK, axis=1)
        top, left = rows.start * BLOCK, columns.start * BLOCK
        return whole[window.y0 - top : window.y1 - top, window.x0 - left : window.x1 - left]

    @staticmethod
    def _blocks_of(window):
        y0, y1, x0, x1 = window
        return slice(y0 // BLOCK, -(-y1 // BLOCK)), slice(x0 // BLOCK, -(-x1 // BLOCK))
