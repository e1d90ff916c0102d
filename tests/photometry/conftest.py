"""Small scenes whose photometry is known."""

import numpy as np
import pytest

FWHM_PER_SIGMA = 2.3548


@pytest.fixture
def add_spot():
    """Add a Gaussian spot to an image, in place: `add_spot(image, x, y, peak, fwhm)`."""

    def add(image, x, y, peak, fwhm):
        rows, columns = np.indices(image.shape)
        square = (columns - x) ** 2 + (rows - y) ** 2
        image += peak * np.exp(-square / 2 / (fwhm / FWHM_PER_SIGMA) ** 2)

    return add
