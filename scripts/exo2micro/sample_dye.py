"""One sample with one dye, for notebooks: set parameters, run, look, compare."""

from pathlib import Path

from .batch import build_task_list, process_one, run_variants
from .parameters import BY_NAME, resolve, suffix
from .targets import pair_folder, variant_targets


class SampleDye:
    """A pair of photographs and the parameters to run it with.

    Parameters
    ----------
    sample, dye : str
        Names.
    output_dir, raw_dir : str
        Folders of the results and of the photographs.
    checkpoint_format : {'tiff', 'fits', 'both'}
        Format of the images.

    Attributes
    ----------
    params : dict
        All parameters' present values.
    result : dict or None
        Of the last run.

    Examples
    --------
    >>> pair = SampleDye("CD070", "SybrGld").set_params(boundary_width=20)
    >>> pair.non_default_params()
    {'boundary_width': 20}
    """

    def __init__(
        self, sample, dye, output_dir="processed", raw_dir="raw", checkpoint_format="tiff"
    ):
        self.sample, self.dye = sample, dye
        self.output_dir, self.raw_dir = str(output_dir), str(raw_dir)
        self.checkpoint_format = checkpoint_format
        self.params = resolve()
        self.result = None

    def __repr__(self):
        return f"SampleDye({self.sample!r}, {self.dye!r}, {self.non_default_params()})"

    def set_params(self, **params):
        """Set parameters by name; gives the object itself.

        Raises
        ------
        ParameterError
            If there is no such parameter or the value is out of range; nothing is set then. It is
            a ValueError.
        """
        self.params = resolve({**self.params, **params})
        return self

    def reset_params(self):
        """Set all parameters to their defaults; gives the object itself."""
        self.params = resolve()
        return self

    def non_default_params(self, stage=4):
        """Give the parameters of the stages up to `stage` that are not at their default."""
        return {
            name: value
            for name, value in self.params.items()
            if BY_NAME[name].stage <= stage and value != BY_NAME[name].default
        }

    def run(self, from_stage=None, to_stage=None, force=False):
        """Run what is missing.

        Parameters
        ----------
        from_stage, to_stage, force
            See `batch.run_batch`.

        Returns
        -------
        dict
            See `batch.run_batch`; a pair that is not there is an error in `status`.
        """
        task = self._task(self.non_default_params(), from_stage, to_stage, force)
        try:
            self.result = process_one(task)
        except FileNotFoundError as fault:
            self.result = {"sample": self.sample, "dye": self.dye, "status": f"error: {fault}"}
        return self.result

    def status(self):
        """Print which results of the present parameters are there.

        Returns
        -------
        dict of str to bool
            By path relative to the pair's folder.
        """
        folder = Path(pair_folder(self.output_dir, self.sample, self.dye))
        names = variant_targets(self.params, self.checkpoint_format)
        there = {name: (folder / name).is_file() for name in names}
        print(f"{self.sample} / {self.dye} {self.non_default_params() or 'defaults'}")
        for name, exists in there.items():
            print(f"  [{'x' if exists else ' '}] {name}")
        return there

    def compare(self, param, values):
        """Run the pair with several values of one parameter, and draw them side by side.

        The variants share what does not depend on the parameter. The figure is
        ``pipeline_output/comparison.png`` in the pair's folder, its numbers are
        ``measurements/comparison.tsv``.

        Parameters
        ----------
        param : str
            Name of the parameter.
        values : list
            Its values.

        Returns
        -------
        list of (value, dict)
            Each value and its result (see `run`).
        """
        # Checked before the first of them runs.
        accepted = [resolve({**self.params, param: value})[param] for value in values]
        task = self._task(self.non_default_params())
        task[2]["compare"] = {param: accepted, "pairs": [f"{self.sample}/{self.dye}"]}
        results = run_variants(task)
        found = {result["variant"]: result for result in results}
        return [
            (value, found[suffix({**self.params, param: value}, 4)])
            for value in dict.fromkeys(accepted)
        ]

    def _task(self, params, from_stage=None, to_stage=None, force=False):
        settings = (self.output_dir, self.raw_dir, from_stage, to_stage, force)
        pairs = [(self.sample, self.dye)]
        return build_task_list(pairs, params, *settings, self.checkpoint_format)[0]
