"""Moffat profile on the peak and the left wing of a histogram.

The profile ``amp * (1 + ((x - mu) / alpha)^2)^(-beta)`` (Moffat 1969) has a Gaussian core and wings
of any weight. It is symmetric: fitted to the peak's top and left side only, its left wing stands
for the right one, where microbes lie.
"""

from dataclasses import asdict, dataclass

import numpy as np

BINS_PER_SIGMA = 6
RIGHT_LIMIT = 1.5  # fitted up to this many sigma right of the peak
LEFT_LIMIT = 5.0
MAX_BINS = 400
BETA_RANGE = (1.0, 60.0)


@dataclass(frozen=True)
class MoffatFit:
    """A fitted Moffat profile.

    Attributes
    ----------
    amp, mu, alpha, beta : float
        Profile: counts a bin, and the axis of the histogram.
    mu_error : float
        1 sigma from the curvature at the minimum, counts taken as Poisson.
    goodness : float
        Chi-square per degree of freedom over the fitted bins.
    fit_range : tuple of float
        First and last edge of the fitted bins.
    """

    amp: float
    mu: float
    alpha: float
    beta: float
    mu_error: float
    goodness: float
    fit_range: tuple[float, float]

    def profile(self, x):
        """Counts a bin at `x`."""
        return moffat(x, self.amp, self.mu, self.alpha, self.beta)

    @property
    def sigma(self):
        """Half width at half maximum over that of a unit Gaussian."""
        return abs(self.alpha) * np.sqrt(2 ** (1 / self.beta) - 1) / 1.17741

    def to_record(self):
        """Plain dictionary."""
        return asdict(self)


def moffat(x, amp, mu, alpha, beta):
    """Moffat profile.

    Examples
    --------
    >>> moffat(1.0, 8.0, 0.0, 1.0, 3.0)
    1.0
    """
    return amp * (1 + ((x - mu) / alpha) ** 2) ** (-beta)


def find_mode(values, weights=None):
    """Mode of a sample: the densest window, narrowed step by step.

    Parameters
    ----------
    values : ndarray, shape (N,)
        Finite values.
    weights : ndarray, optional
        Their weights.

    Returns
    -------
    mode, sigma : float
        Mode, and the width of the left side of the peak (68.3 % quantile of the distances of
        what lies left of the mode).
    """
    values = np.asarray(values, dtype=np.float64)
    order = np.argsort(values)
    values = values[order]
    weights = np.ones(len(values)) if weights is None else np.asarray(weights)[order]
    low, high = 0, len(values)
    while high - low > 200:
        part = np.concatenate([[0.0], np.cumsum(weights[low:high])])
        goal = 0.6 * part[-1]
        last = np.searchsorted(part, part + goal, side="left")
        fits = last < len(part)
        if not fits.any():
            break
        starts = np.flatnonzero(fits)
        width = values[low + last[fits] - 1] - values[low + starts]
        best = int(np.argmin(width))
        new_low, new_high = low + starts[best], low + last[fits][best]
        if new_high - new_low >= high - low or 5 * (new_high - new_low) < np.sqrt(len(values)):
            break
        low, high = int(new_low), int(new_high)
        if high - low < 8 * np.sqrt(len(values)):
            break
    mode = float(np.average(values[low:high], weights=weights[low:high]))
    left = mode - values[values < mode]
    return mode, float(np.quantile(left, 0.683)) if len(left) else 0.0


def histogram_near_peak(values, mode, sigma, weights=None):
    """Histogram of `values` around their mode in bins of a sixth of its width.

    Returns
    -------
    counts, edges : ndarray of float64
        Counts of at most 400 bins, and their edges.
    """
    width = sigma / BINS_PER_SIGMA
    count = MAX_BINS // 4
    edges = mode + width * np.arange(-count, 3 * count + 1)
    counts, _ = np.histogram(values, edges, weights=weights)
    return counts.astype(np.float64), edges


def fit_moffat(counts, edges, mode, sigma, right_limit=RIGHT_LIMIT):
    """Fit a Moffat profile to the left wing and the top of a peak.

    The square roots of the counts are compared (Anscombe 1948: Poisson counts then have unit
    variance), so that every bin weighs what it tells.

    Parameters
    ----------
    counts, edges : ndarray
        Histogram.
    mode, sigma : float
        First guess of the peak's position and width.
    right_limit : float
        Bins up to this many sigma right of the peak are fitted.

    Returns
    -------
    MoffatFit or None
        None if there are too few filled bins to fit four numbers.
    """
    middle = (edges[1:] + edges[:-1]) / 2
    peak, width = mode, sigma
    fit = None
    for _ in range(4):
        inside = (middle > peak - LEFT_LIMIT * width) & (middle < peak + right_limit * width)
        if inside.sum() < 8 or (counts[inside] > 0).sum() < 6:
            return None
        fit = _fit(counts[inside], middle[inside], peak, width)
        moved = abs(fit.mu - peak) + abs(fit.sigma - width)
        peak, width = fit.mu, float(np.clip(fit.sigma, sigma / 3, sigma * 3))
        if moved < 0.02 * width:
            break
    return fit


def certain_fit(counts, edges, mu):
    """Profile of a ratio that is the same everywhere, as of an image over itself."""
    width = float(edges[1] - edges[0])
    return MoffatFit(float(counts.max()), mu, width, 3.0, 0.0, 0.0, (mu - width, mu + width))


def _fit(counts, x, peak, width):
    root = 2 * np.sqrt(counts + 0.375)
    scale = 1 / width

    def residuals(p):
        model = moffat((x - peak) * scale, np.exp(p[0]), p[1], np.exp(p[2]), p[3])
        return root - 2 * np.sqrt(model + 0.375)

    start = [np.log(max(counts.max(), 1.0)), 0.0, np.log(2.2), 3.0]
    bounds = ([-5, -3, -2, BETA_RANGE[0]], [50, 3, 4, BETA_RANGE[1]])
    # Not above: figures draw the profile and fit nothing, and this takes 0.3 s to load.
    from scipy.optimize import least_squares

    found = least_squares(residuals, start, bounds=bounds)
    freedom = max(len(x) - 4, 1)
    curvature = found.jac.T @ found.jac
    covariance = np.linalg.pinv(curvature)
    goodness = float((found.fun**2).sum() / freedom)
    step = x[1] - x[0]
    return MoffatFit(
        amp=float(np.exp(found.x[0])),
        mu=float(peak + found.x[1] / scale),
        alpha=float(np.exp(found.x[2]) / scale),
        beta=float(found.x[3]),
        mu_error=float(np.sqrt(covariance[1, 1] * max(goodness, 1.0)) / scale),
        goodness=goodness,
        fit_range=(float(x[0] - step / 2), float(x[-1] + step / 2)),
    )
