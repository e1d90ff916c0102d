"""Transforms between the padded frames: matrices, displacement grids and their composition.

Everything here is float64 and uses one convention: a point is ``(x, y)``, x to the right, y down,
pixel centres at whole numbers; ``pre_from_post`` maps a padded-post point to the padded-pre point
that shows the same place of the sample.
"""

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin

import numpy as np

from .errors import RecordError


@dataclass(frozen=True)
class DisplacementGrid:
    """What the sample's bending adds to a homography, on a regular grid, bilinear in between.

    Attributes
    ----------
    x0, y0 : float
        Padded-post position (px) of the first node.
    step_x, step_y : float
        Distance between nodes, padded-post px.
    dx, dy : ndarray of float64, shape (rows, columns)
        Displacement at the nodes, padded-pre px. Beyond the grid the edge value holds.
    """

    x0: float
    y0: float
    step_x: float
    step_y: float
    dx: np.ndarray
    dy: np.ndarray

    def at(self, xy):
        """Displacement at padded-post points.

        Parameters
        ----------
        xy : array_like, shape (N, 2)
            Padded-post points.

        Returns
        -------
        ndarray of float64, shape (N, 2)
            Displacement in padded-pre px.
        """
        xy = np.asarray(xy, dtype=np.float64)
        (j, j1, a), (i, i1, b) = self._beside(xy[:, 0], xy[:, 1])
        shift = [
            (g[i, j] * (1 - a) + g[i, j1] * a) * (1 - b) + (g[i1, j] * (1 - a) + g[i1, j1] * a) * b
            for g in (self.dx, self.dy)
        ]
        return np.stack(shift, axis=1)

    def on_lattice(self, x, y):
        """Displacement at all crossings of columns `x` with rows `y`, in ascending order.

        The same as `at`, but interpolated along the few rows of nodes first.

        Returns
        -------
        ndarray of float64, shape (2, len(y), len(x))
            dx and dy, padded-pre px.
        """
        (j, j1, a), (i, i1, b) = self._beside(x, y)
        i, i1, b, nodes = i - i[0], i1 - i[0], b[:, None], slice(i[0], i1[-1] + 1)
        rows = (g[nodes][:, j] * (1 - a) + g[nodes][:, j1] * a for g in (self.dx, self.dy))
        return np.stack([row[i] * (1 - b) + row[i1] * b for row in rows])

    def _beside(self, x, y):
        """For x and for y: the nodes before and after, and the way between them (0 to 1)."""
        found = []
        for places, start, step, count in zip(
            (x, y), (self.x0, self.y0), (self.step_x, self.step_y), self.dx.shape[::-1], strict=True
        ):
            way = np.clip((places - start) / step, 0, count - 1)
            before = np.minimum(way.astype(np.intp), max(count - 2, 0))
            found.append((before, np.minimum(before + 1, count - 1), way - before))
        return found

    def to_record(self):
        """The grid as plain lists and numbers, for a JSON record."""
        return {
            "x0": self.x0,
            "y0": self.y0,
            "step_x": self.step_x,
            "step_y": self.step_y,
            "dx": np.round(self.dx, 5).tolist(),
            "dy": np.round(self.dy, 5).tolist(),
        }

    @classmethod
    def from_record(cls, record):
        """Rebuild a grid from `to_record`'s dictionary."""
        return cls(
            *(float(record[key]) for key in ("x0", "y0", "step_x", "step_y")),
            np.asarray(record["dx"], dtype=np.float64),
            np.asarray(record["dy"], dtype=np.float64),
        )


@dataclass(frozen=True)
class Transform:
    """Where each padded-post pixel is shown in the padded-pre image.

    Attributes
    ----------
    pre_from_post : ndarray of float64, shape (3, 3)
        Homography from padded post to padded pre, last element 1.
    displacement : DisplacementGrid or None
        Bending, added after the homography.
    """

    pre_from_post: np.ndarray
    displacement: DisplacementGrid | None = None

    def map_points(self, xy):
        """Map padded-post points to padded-pre points, displacement included.

        Parameters
        ----------
        xy : array_like, shape (N, 2)
            Padded-post ``(x, y)``.

        Returns
        -------
        ndarray of float64, shape (N, 2)
            Padded-pre ``(x, y)``.
        """
        xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        mapped = apply_homography(self.pre_from_post, xy)
        if self.displacement is not None:
            mapped += self.displacement.at(xy)
        return mapped

    def map_lattice(self, x, y):
        """Map all crossings of columns `x` with rows `y`, in ascending order.

        Returns
        -------
        ndarray of float64, shape (2, len(y), len(x))
            Padded-pre x and y.
        """
        across, down, depth = (
            row[0] * x + (row[1] * y[:, None] + row[2]) for row in self.pre_from_post
        )
        mapped = np.stack([across, down]) / depth
        if self.displacement is not None:
            mapped += self.displacement.on_lattice(x, y)
        return mapped

    @classmethod
    def from_record(cls, record, source="record"):
        """Rebuild a transform from a JSON record.

        Parameters
        ----------
        record : dict
            With the keys ``pre_from_post`` and ``displacement``.
        source : str or Path
            Where the record came from, for the error message.

        Raises
        ------
        RecordError
            When the record holds no usable transform.
        """
        try:
            matrix = np.asarray(record["pre_from_post"], dtype=np.float64)
            grid = record.get("displacement")
            displacement = None if grid is None else DisplacementGrid.from_record(grid)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(
                f"{source} is not a transform record ({type(error).__name__}: {error}). Delete it "
                "and run again: the alignment is made anew."
            ) from error
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise RecordError(
                f"{source}: pre_from_post must be a 3x3 matrix of finite numbers, found shape "
                f"{matrix.shape}. Delete the file and run again: the alignment is made anew."
            )
        return cls(matrix, displacement)


def apply_homography(matrix, xy):
    """Map points by a 3x3 homography.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Homography.
    xy : ndarray, shape (N, 2)
        Points ``(x, y)``.

    Returns
    -------
    ndarray of float64, shape (N, 2)
    """
    mapped = xy @ matrix[:, :2].T + matrix[:, 2]
    return mapped[:, :2] / mapped[:, 2:]


def normalize(matrix):
    """Scale a homography so that its last element is 1."""
    matrix = np.asarray(matrix, dtype=np.float64)
    return matrix / matrix[2, 2]


def translation(dx, dy):
    """Matrix of a shift by ``(dx, dy)`` px."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])


def similarity(angle_deg, scale, centre, target):
    """Rotate by an angle and scale about one point and carry that point to another.

    Parameters
    ----------
    angle_deg : float
        Rotation in degrees, from x towards y (clockwise on the screen).
    scale : float
        Magnification.
    centre, target : tuple of float
        ``(x, y)`` before and after.

    Returns
    -------
    ndarray of float64, shape (3, 3)
    """
    a, b = scale * cos(radians(angle_deg)), scale * sin(radians(angle_deg))
    linear = np.array([[a, -b, 0.0], [b, a, 0.0], [0.0, 0.0, 1.0]])
    return translation(*target) @ linear @ translation(-centre[0], -centre[1])


def full_from_reduced(factors):
    """Matrix from a reduced image's pixels to full-resolution pixels.

    Parameters
    ----------
    factors : tuple of float
        ``(fx, fy)``, reduced size over full size.

    Notes
    -----
    A reduced pixel is the mean of the full pixels under it, so its centre lies at
    ``x_full = (x + 0.5) / fx - 0.5``.
    """
    fx, fy = factors
    return np.array([[1 / fx, 0.0, 0.5 / fx - 0.5], [0.0, 1 / fy, 0.5 / fy - 0.5], [0.0, 0.0, 1.0]])


def lift(matrix, pre_factors, post_factors):
    """Carry ``pre_from_post`` of two reduced images up to full resolution."""
    up_pre, up_post = full_from_reduced(pre_factors), full_from_reduced(post_factors)
    return normalize(up_pre @ matrix @ np.linalg.inv(up_post))


def lower(matrix, pre_factors, post_factors):
    """Carry a full-resolution ``pre_from_post`` down to two reduced images."""
    up_pre, up_post = full_from_reduced(pre_factors), full_from_reduced(post_factors)
    return normalize(np.linalg.inv(up_pre) @ matrix @ up_post)


def local_affine(matrix, xy):
    """First-order behaviour of a homography at one point.

    Returns
    -------
    ndarray of float64, shape (2, 2)
        ``d(pre) / d(post)`` at `xy`.
    """
    x, y = xy
    w = matrix[2] @ (x, y, 1.0)
    px, py = (matrix[:2] @ (x, y, 1.0)) / w
    return (matrix[:2, :2] - np.outer((px, py), matrix[2, :2])) / w


def decompose(matrix, xy):
    """Rotation, scales and shear of a homography at one point.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        ``pre_from_post``.
    xy : tuple of float
        Padded-post point, as a rule the middle of the sample.

    Returns
    -------
    dict
        ``rotation_deg``, ``scale_x``, ``scale_y``, ``shear`` and ``shift`` (the point's way, px).
        The linear part is rotation times an upper triangle (scale_x, shear; 0, scale_y).
    """
    linear = local_affine(matrix, xy)
    scale_x = hypot(linear[0, 0], linear[1, 0])
    angle = atan2(linear[1, 0], linear[0, 0])
    determinant = linear[0, 0] * linear[1, 1] - linear[0, 1] * linear[1, 0]
    along = (linear[0, 0] * linear[0, 1] + linear[1, 0] * linear[1, 1]) / scale_x
    target = apply_homography(matrix, np.array([xy], dtype=np.float64))[0]
    return {
        "rotation_deg": degrees(angle),
        "scale_x": scale_x,
        "scale_y": determinant / scale_x,
        "shear": along / scale_x,
        "shift": [float(target[0] - xy[0]), float(target[1] - xy[1])],
    }


def point_grid(box, count):
    """Points spread evenly over a box, for comparing two transforms.

    Parameters
    ----------
    box : tuple of float
        ``(x0, y0, x1, y1)``.
    count : int
        Points a side.

    Returns
    -------
    ndarray of float64, shape (count * count, 2)
    """
    x, y = np.meshgrid(np.linspace(box[0], box[2], count), np.linspace(box[1], box[3], count))
    return np.stack([x.ravel(), y.ravel()], axis=1)
