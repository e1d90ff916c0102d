"""Three looks at one number, from block means of background: Moffat, median, ridge."""

import numpy as np

from exo2micro.moffat import certain_fit, find_mode, fit_moffat, histogram_near_peak
from exo2micro.ridge import fit_ridge, share_noise

SECTIONS = 40  # runs of neighbouring blocks, so that what is common to neighbours counts as error
SPLITS = 20  # of the sections in halves
EXACT = 1e-6  # dex; images that differ by less are multiples of each other


def fit_log_ratio(blocks, local=None):
    """Moffat fit of the log10 ratio of block means.

    Parameters
    ----------
    blocks : Blocks
        Background, without dark levels and intercept.
    local : ndarray, optional
        Scale at each patch; its variation about its mean over the blocks is divided out, so that
        the fit gives that mean.

    Returns
    -------
    fit : MoffatFit or None
    counts, edges : ndarray
        Histogram it was fitted to.
    """
    ratio = np.log10(blocks.post / blocks.pre) - flatness(blocks, local)
    ratio = ratio[np.isfinite(ratio)]
    mode, sigma = find_mode(ratio)
    if not sigma > 0:
        sigma = max(float(ratio.std()), 1e-6)
    counts, edges = histogram_near_peak(ratio, mode, sigma)
    if np.ptp(np.quantile(ratio, (0.05, 0.95))) < EXACT:
        return certain_fit(counts, edges, float(np.median(ratio))), counts, edges
    return fit_moffat(counts, edges, mode, sigma), counts, edges


def flatness(blocks, local):
    """Log10 of the local scale over its mean, a number a block; 0 without a local scale."""
    if local is None:
        return 0.0
    there = np.log10(local[blocks.patch])
    return there - there.mean()


def measure_scale(found, free_offset):
    """Scale, median ratio and ridge, with errors from splitting the image in halves.

    Half the difference of two halves scatters as the whole does. (Leaving out one section at a time
    multiplies what the fit itself is uncertain by with every change of its bins: with 1500 blocks
    that overstated the error by a quarter.)

    Parameters
    ----------
    found : Found
        From `exo2micro.background_search.search_background`.
    free_offset : bool
        The intercept was fitted: it is fitted anew in each half, so that the errors know.

    Returns
    -------
    dict or None
        ``scale``, ``median``, ``ridge``, ``intercept`` and the same with ``_error``; ``fit``
        (MoffatFit), ``counts``, ``edges``; None if no profile could be fitted.
    """
    fit, counts, edges = fit_log_ratio(found.blocks.shifted(found.offset), found.local)
    if fit is None:
        return None
    scale = 10**fit.mu
    blocks = found.blocks
    share = share_noise(
        found.background.pixel_noise, blocks.post.mean(), scale, blocks.pixels.mean()
    )

    def looks(part):
        slope, intercept = fit_ridge(part.post, part.pre, share)
        offset = intercept if free_offset and np.isfinite(intercept) else found.offset
        shifted = part.shifted(offset)
        moffat = fit_log_ratio(shifted, found.local)[0]
        ratio = shifted.post / shifted.pre / 10 ** flatness(shifted, found.local)
        mu = np.nan if moffat is None else 10**moffat.mu
        return np.array([mu, np.median(ratio), slope, intercept])

    here = looks(blocks)
    section = np.arange(len(blocks)) * SECTIONS // len(blocks)
    halves = [looks(blocks.take(chosen)) for chosen in _split_in_halves(section)]
    error = np.sqrt(np.nanmean(((np.array(halves[::2]) - halves[1::2]) / 2) ** 2, axis=0))
    if not np.isfinite(error[0]):
        error[0] = scale * np.log(10) * fit.mu_error
    names = ("scale", "median", "ridge", "intercept")
    measured = dict(zip(names, here.tolist(), strict=True))
    measured.update((f"{name}_error", float(e)) for name, e in zip(names, error, strict=True))
    return {**measured, "scale": float(scale), "fit": fit, "counts": counts, "edges": edges}


def _split_in_halves(section):
    """Yield one half and the other, over and over."""
    rng = np.random.default_rng(0)
    for _ in range(SPLITS):
        half = rng.permutation(SECTIONS) < SECTIONS // 2
        yield half[section]
        yield ~half[section]
