"""How finely the values of aligned and difference images are kept.

Interpolation and the scale make numbers of 24 binary digits, of which a photograph of whole numbers
gives reason for few: what lies below its own rounding is noise, and noise does not pack. Kept to a
fixed step, every pixel is within half of it. On a pair of 750 Mpx (8 bit, tiles of 512 px, deflate
1): aligned 2.28 instead of 3.49 bytes a pixel in 26 instead of 33 ms a Mpx, difference 2.16 instead
of 3.54 in 30 instead of 32.
"""

import numpy as np

# Grey levels, by the photographs' type; the variance of the photograph's own rounding to whole
# levels is 1/12, which the step of 8 bit raises by a millionth, that of 16 bit by 0.4 %.
STEPS = {"uint8": np.float32(2.0**-10), "uint16": np.float32(2.0**-4)}


def keep_to_step(image, dtype):
    """Round an image, in place, to the step of its pair; images of floats stay as they are.

    Parameters
    ----------
    image : ndarray of float32
        Aligned pre or difference, grey levels.
    dtype : dtype
        Type of the padded photographs.

    Returns
    -------
    ndarray of float32
        The same array.
    """
    step = STEPS.get(np.dtype(dtype).name)
    if step is not None:
        image *= 1 / step
        np.rint(image, out=image)
        image *= step
    return image
