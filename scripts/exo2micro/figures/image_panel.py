"""Panels that show reduced images in the frame of the full-resolution padded image."""

import numpy as np
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.ticker import MaxNLocator

from .reduced_warp import rectangle_of
from .style import INK, WIDTH, outlined

SCALE_BAR_PART = 0.25  # of the panel's width, at most
# Square root of the brightness: dim mineral shows beside bright microbes.
GAMMA = 0.5
BRIGHT = 95  # percentile of an image's grey levels that tells how bright it is
OTHER_GAIN = 2.0  # two measures of the gain differ by less where the images show the same


def panel_height(box, columns, width=WIDTH):
    """Height of a row of panels that show a box, inches; very long ones are kept in bounds."""
    aspect = (box[1] - box[0]) / max(box[3] - box[2], 1)
    # What axes keep of a column beside their labels and a colour bar.
    room = 0.94 * width / columns - 1.4
    return min(max(aspect, 0.35), 1.5) * room + 0.85


def box_around(mask, factors, box, margin=0.04):
    """Box that shows a mask with a margin, inside another box; that box for an empty mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        Reduced mask.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    box : tuple of int
        ``(y0, y1, x0, x1)``, full-resolution px.
    margin : float
        Part of the mask's longer side.

    Returns
    -------
    tuple of int
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return tuple(box)
    ends = [rows[0] / factors[1], (rows[-1] + 1) / factors[1]]
    ends += [columns[0] / factors[0], (columns[-1] + 1) / factors[0]]
    room = margin * max(ends[1] - ends[0], ends[3] - ends[2])
    return (
        max(int(ends[0] - room), box[0]),
        min(int(np.ceil(ends[1] + room)), box[1]),
        max(int(ends[2] - room), box[2]),
        min(int(np.ceil(ends[3] + room)), box[3]),
    )


def extent_of(shape, factors):
    """Left, right, bottom and top edge of a reduced image in full-resolution px."""
    right, bottom = shape[1] / factors[0] - 0.5, shape[0] / factors[1] - 0.5
    return (-0.5, right, bottom, -0.5)


def crop_to(box, image, factors):
    """Part of a reduced image that a box shows, and its edges as `extent_of` gives them.

    Axes cut off the rest as well, but colours are found for all that they are given.
    """
    (y0, y1), (x0, x1) = (
        np.array(ends) * f for ends, f in ((box[:2], factors[1]), (box[2:], factors[0]))
    )
    top, left = (max(int(start) - 1, 0) for start in (y0, x0))
    part = image[top : int(np.ceil(y1)) + 1, left : int(np.ceil(x1)) + 1]
    right, bottom = left + part.shape[1], top + part.shape[0]
    fx, fy = factors
    return part, (left / fx - 0.5, right / fx - 0.5, bottom / fy - 0.5, top / fy - 0.5)


def show_image(
    axes, image, factors=(1.0, 1.0), *, box=None, pixel_size_um=None, dark_bar=False, **style
):
    """Draw a reduced image with its axes in full-resolution px of the padded frame.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel.
    image : ndarray
        Image; grey or RGB.
    factors : tuple of float
        ``(fx, fy)``, reduced size over full size.
    box : tuple of int, optional
        ``(y0, y1, x0, x1)`` that is shown, full-resolution px.
    pixel_size_um : tuple of float, optional
        ``(x, y)``; with it a scale bar is drawn.
    dark_bar : bool
        The bar's ground is white.
    **style
        To `imshow`.

    Returns
    -------
    matplotlib.image.AxesImage
    """
    if box is not None and "extent" not in style:
        image, style["extent"] = crop_to(box, image, factors)
    shown = axes.imshow(image, **{"extent": extent_of(image.shape, factors), **style})
    if box is not None:
        axes.set(xlim=(box[2] - 0.5, box[3] - 0.5), ylim=(box[1] - 0.5, box[0] - 0.5))
    label_pixels(axes)
    if pixel_size_um is not None:
        add_scale_bar(axes, pixel_size_um, dark_bar)
    return shown


def label_pixels(axes):
    """Axes of an image: full-resolution px of the padded frame, few ticks."""
    axes.set(xlabel="x (px)", ylabel="y (px)", aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))


def add_scale_bar(axes, pixel_size_um, dark=False):
    """Draw a bar of a round length into the lower left corner, with its length.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel whose x axis counts full-resolution px.
    pixel_size_um : tuple of float
        ``(x, y)``.
    dark : bool
        Draw it for a white ground.

    Returns
    -------
    float
        Length in um.
    """
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    width, height = right - left, top - bottom
    length = round_length(SCALE_BAR_PART * abs(width) * pixel_size_um[0])
    start, level = left + 0.05 * width, bottom + 0.06 * height
    end = start + length / pixel_size_um[0] * np.sign(width)
    colour, rim = (INK, "white") if dark else ("white", "black")
    axes.plot(
        [start, end],
        [level, level],
        color=colour,
        linewidth=4,
        solid_capstyle="butt",
        path_effects=outlined(6.5, rim),
        gid="scale bar",
        scalex=False,
        scaley=False,
    )
    axes.annotate(
        f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm",
        (start, level),
        (0, 5),
        textcoords="offset points",
        ha="left",  # a label that is longer than its bar stays inside the panel
        color=colour,
        weight="bold",
        path_effects=outlined(3, rim),
    )
    return length


def round_length(longest):
    """Largest of 1, 2 and 5 times a power of ten that is not longer.

    Examples
    --------
    >>> round_length(0.37), round_length(999.0), round_length(100.0)
    (0.2, 500.0, 100.0)
    """
    power = 10.0 ** np.floor(np.log10(longest) + 1e-9)
    return float(round(max(m for m in (1, 2, 5) if m * power <= longest * (1 + 1e-9)) * power, 12))


def draw_outline(axes, mask, factors, *, under=True, **style):
    """Draw the outline of a mask; nothing for an empty one.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel in full-resolution px.
    mask : ndarray of bool, shape (h, w)
        Reduced mask.
    factors : tuple of float
        ``(fx, fy)``.
    under : bool
        Put a dark line under it, for grounds of any brightness.
    **style
        To `contour`.
    """
    if mask is None or not mask.any():
        return
    rows, columns = rectangle_of(mask)
    framed = np.pad(mask[rows, columns].astype(np.float32), 1)
    y = (rows.start + np.arange(framed.shape[0]) - 0.5) / factors[1] - 0.5
    x = (columns.start + np.arange(framed.shape[1]) - 0.5) / factors[0] - 0.5
    lines = axes.contour(x, y, framed, levels=[0.5], **style)
    if under:
        lines.set_path_effects(outlined(3.5))


def brightness_norm(images, masks=None):
    """Common stretch of several images: square root, from the darkest to nearly the brightest.

    Parameters
    ----------
    images : sequence of ndarray
        Grey levels.
    masks : sequence of ndarray of bool or None, optional
        Where to look.

    Returns
    -------
    matplotlib.colors.Normalize
    """
    parts = [
        image[mask] if mask is not None and mask.any() else np.ravel(image)
        for image, mask in zip(images, masks or [None] * len(images), strict=True)
    ]
    values = np.concatenate([part[np.isfinite(part)] for part in parts])
    high = float(np.percentile(values, 99.7)) if values.size else 0.0
    if high <= 0:
        high = float(values.max(initial=0.0))
    return PowerNorm(GAMMA, 0, high, clip=True) if high > 0 else Normalize(0, 1, clip=True)


def overlay(post, pre, coverage=None):
    """Two images in one: post green, pre magenta, grey where they agree.

    Parameters
    ----------
    post, pre : ndarray of float, shape (h, w)
        Images in one frame; pre is brought to the brightness of post.
    coverage : ndarray of bool, optional
        Where both show something: looked at for the stretch; beyond it only post is drawn.

    Returns
    -------
    ndarray of float, shape (h, w, 3)
        RGB from 0 to 1.
    """
    both = coverage if coverage is not None and coverage.any() else np.ones(post.shape, bool)
    norm = brightness_norm([post], [both])
    green, magenta = (np.asarray(norm(i), float) for i in (post, pre * gain_of(post, pre, both)))
    if coverage is not None:
        magenta = np.where(coverage, magenta, 0)
    return np.stack([magenta, green, magenta], axis=-1)


def gain_of(post, pre, mask):
    """Brightness of post over that of pre: on the mineral, whatever the dark around it.

    The median of their ratio where pre is bright; or the ratio of their bright levels, where that
    says something else altogether, as it does of images that show different things there.
    """
    bright = mask & (pre > np.percentile(pre[mask], 75))
    if not bright.any():
        return 1.0
    gain = float(np.median(post[bright] / pre[bright]))
    levels = float(np.percentile(post[mask], BRIGHT) / max(np.percentile(pre[mask], BRIGHT), 1e-9))
    alike = levels > 0 and 1 / OTHER_GAIN < gain / levels < OTHER_GAIN
    return gain if alike or levels == 0 else levels


def likeness(post, pre, mask=None):
    """Correlation coefficient of two images where `mask` says; None where there is none."""
    mask = np.ones(post.shape, bool) if mask is None else mask
    a, b = np.asarray(post, float)[mask], np.asarray(pre, float)[mask]
    if a.size < 3 or a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def count_from(figure, offset):
    """Number the axes in px from another origin, such as that of images before they were trimmed.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Complete; axes with other labels than ``x (px)`` and ``y (px)`` stay as they are.
    offset : int
        What is added to x and y, px.
    """
    for axes in figure.axes if offset else ():
        for axis, name in ((axes.xaxis, "x"), (axes.yaxis, "y")):
            if axis.get_label_text() == f"{name} (px)":
                low, high = sorted(axis.get_view_interval())
                places = axis.get_major_locator().tick_values(low + offset, high + offset)
                inside = [t for t in places if low <= t - offset <= high]
                axis.set_ticks([t - offset for t in inside], [f"{t:g}" for t in inside])
