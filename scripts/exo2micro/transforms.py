"""Transforms from their files."""

from .geometry import Transform
from .storage import read_record


def load_transform(path):
    """Read an alignment stage's transform.

    Parameters
    ----------
    path : str or path
        ``transforms/02_icp{sfx}.json`` or ``transforms/03_interior{sfx}.json``.

    Returns
    -------
    Transform
        Its ``map_points(xy)`` takes an (N, 2) array of padded-post ``(x, y)`` to padded-pre
        ``(x, y)``, bending included; `pre_from_post` is the 3x3 matrix.

    Raises
    ------
    RecordError
        When the file is missing, damaged or holds no transform.

    Examples
    --------
    >>> load_transform("processed/CD070/DAPI/transforms/03_interior.json").map_points([[10, 20]])
    ... # doctest: +SKIP
    """
    return Transform.from_record(read_record(path), path)
