"""How a function of Snakemake is replaced by a shorter way to the same answer."""

import inspect
import sys

_ways = []


def instead_of(owner, name):
    """Register a function to be put in the place of one of Snakemake.

    Parameters
    ----------
    owner : module or type
        Of which that one is an attribute. A module's function is replaced in all modules of
        Snakemake that have imported it.
    name : str
        The attribute: a function, a method or a property.

    Returns
    -------
    callable
        A decorator. What was replaced is the function's attribute ``replaced``, for the cases to
        which the shorter way does not lead.
    """
    there = inspect.getattr_static(owner, name)

    def register(function):
        if isinstance(there, property):
            function.replaced, here = there.fget, property(function, there.fset)
        elif isinstance(there, staticmethod):
            function.replaced, here = there.__func__, staticmethod(function)
        else:
            function.replaced, here = there, function
        _ways.append((owner, name, here))
        return function

    return register


def replace_all():
    """Put all registered functions in their places."""
    for owner, name, here in _ways:
        there = inspect.getattr_static(owner, name)
        owners = [owner]
        if inspect.ismodule(owner):
            owners += [
                module
                for title, module in sys.modules.items()
                if title.partition(".")[0] == "snakemake" and getattr(module, name, None) is there
            ]
        for one in owners:
            setattr(one, name, here)
