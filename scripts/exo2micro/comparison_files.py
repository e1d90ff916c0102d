"""The figure and the table of a pair's compared variants."""

from pathlib import Path

from .comparison import FIGURE, TABLE, variant_files
from .comparison_views import choose_places, read_closeups, view_variants
from .storage import read_record, write_table
from .targets import pair_folder


def write_comparison(folder, variants, checkpoint_format, names, figure, table):
    """Lay the variants of a pair side by side.

    Parameters
    ----------
    folder : str
        Folder of the pair.
    variants : sequence of Variant
        At least one.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.
    names : dict
        `sample`, `dye` and `variant` for the title.
    figure, table : path
        What is written.
    """
    import pandas as pd

    from .figures import draw_comparison, save_figure

    views = view_variants(folder, variants, checkpoint_format)
    places = choose_places(views)
    closeups = [None if view.image is None else read_closeups(view, places) for view in views]
    padding = Path(variant_files(folder, variants[0].values, checkpoint_format)["padding"])
    pixel_size_um = read_record(padding)["pixel_size_um"] if padding.is_file() else None
    drawn = draw_comparison(views, places, closeups, pixel_size_um=pixel_size_um, **names)
    save_figure(drawn, figure)
    rows = pd.DataFrame([view.row for view in views])
    rows["n_candidates"] = rows["n_candidates"].astype("Int64")
    write_table(table, rows)


def compare_what_is_there(request, failed):
    """Draw the comparison of pairs of which some variants failed, so that no job drew it.

    Parameters
    ----------
    request : Request
        What the configuration asks for.
    failed : list of (str, str)
        Sample and dye of pairs that have a failed variant.

    Returns
    -------
    list of str
        Paths of the figures.
    """
    drawn = []
    for sample, dye in failed:
        variants = request.compared_variants(sample, dye)
        folder = pair_folder(request.output_dir, sample, dye)
        if not variants or not Path(folder).is_dir() or request.control.last_stage < 4:
            continue
        names = {"sample": sample, "dye": dye, "variant": ""}
        figure, table = Path(folder, FIGURE), Path(folder, TABLE)
        for path in (figure, table):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_comparison(folder, variants, request.checkpoint_format, names, figure, table)
        drawn.append(str(figure))
    return drawn
