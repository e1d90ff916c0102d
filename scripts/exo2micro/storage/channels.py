"""Which colour channels of a raw image carry the dye's signal."""

import cv2
import numpy as np

from exo2micro.errors import ConfigError

LARGEST_SCALAR = 4  # channels that OpenCV adds up side by side
SIGNAL_GREY_LEVELS = 0.5  # mean above which a channel carries signal, 8-bit grey levels


class ChannelTally:
    """Sums over the samples of each colour channel, gathered part by part.

    Parameters
    ----------
    count : int
        How many channels there are.

    Attributes
    ----------
    peak : float
        The largest sample; minus infinity before there was one.
    """

    def __init__(self, count):
        self._sums, self._pixels = np.zeros(count), 0
        self.peak = -np.inf

    @property
    def means(self) -> tuple[float, ...]:
        """Mean of each channel."""
        return tuple(float(total) for total in self._sums / self._pixels)

    def add(self, samples: np.ndarray) -> None:
        """Count finite samples, shape (height, width, channels)."""
        self._sums += _channel_sums(samples)
        self._pixels += samples.shape[0] * samples.shape[1]
        self.peak = max(self.peak, float(samples.max()))

    def merge(self, other: "ChannelTally") -> None:
        """Take in what another counted."""
        self._sums += other._sums
        self._pixels += other._pixels
        self.peak = max(self.peak, other.peak)


def _channel_sums(samples: np.ndarray) -> np.ndarray:
    if samples.dtype.kind == "u" and samples.shape[2] <= LARGEST_SCALAR:
        # Exact: doubles count whole numbers to 2^53.
        return np.array(cv2.sumElems(samples)[: samples.shape[2]])
    wide = np.float64 if samples.dtype.kind == "f" else np.uint64
    return samples.sum(axis=0, dtype=wide).sum(axis=0).astype(float)


def signal_channels(means, dtype, override=None, peak=None) -> tuple[int, ...]:
    """Choose the channels that carry signal.

    A channel carries signal when its mean is above half an 8-bit grey level, scaled to the
    range of the type. The range of floats is judged by the brightest pixel: up to 1 is 0..1,
    up to 255 is 8-bit grey levels, beyond is 16-bit grey levels.

    Parameters
    ----------
    means : sequence of float
        Mean of each colour channel (`ChannelTally.means`).
    dtype : dtype
        Type of the pixels.
    override : int, optional
        The user's choice. None or ``"auto"`` chooses by the means.
    peak : float, optional
        Brightest pixel (`ChannelTally.peak`), for floats; the highest mean stands in for it.

    Returns
    -------
    tuple of int
        One channel is to be taken as it is, several are to be summed. Where none carries
        signal, the one with the highest mean.

    Raises
    ------
    ConfigError
        If `override` is not the number of a channel.
    """
    if override is not None and override != "auto":
        return (_checked_channel(override, len(means)),)
    threshold = SIGNAL_GREY_LEVELS / 255 * _full_scale(dtype, max(means) if peak is None else peak)
    signal = tuple(number for number, mean in enumerate(means) if mean > threshold)
    return signal or (int(np.argmax(means)),)


def _checked_channel(override, count: int) -> int:
    is_number = isinstance(override, int | np.integer) and not isinstance(override, bool)
    if not is_number or not 0 <= override < count:
        choices = "0" if count == 1 else f"0 to {count - 1}"
        raise ConfigError(
            f"channel: {override!r} is asked for, but the image has {count} colour channel(s). "
            f"Expected {choices} (0 is the first: red in RGB), or auto."
        )
    return int(override)


def _full_scale(dtype, peak: float) -> float:
    dtype = np.dtype(dtype)
    if dtype.kind == "u":
        return float(np.iinfo(dtype).max)
    if peak <= 1:
        return 1.0
    return 255.0 if peak <= 255 else 65535.0
