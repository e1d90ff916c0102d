"""Named lists (inputs, outputs, wildcards, resources), of which each job has half a dozen."""

from snakemake import io, iocontainers

from .files import is_flagged
from .replacing import instead_of

_GUARDS = {name: iocontainers.AttributeGuard(name) for name in ("index", "sort")}
_free_names = {}


@instead_of(iocontainers.Namedlist, "__init__")
def _begin(
    self, toclone=None, fromdict=None, plainstr=False, strip_constraints=False, custom_map=None
):
    list.__init__(self)
    self._names = {}
    self._allowed_overrides = list(_GUARDS)
    self.__dict__.update(_GUARDS)
    if toclone is not None:
        if custom_map is not None:
            self.extend(map(custom_map, toclone))
        elif plainstr:
            self.extend(map(_plain_text, toclone))
        elif strip_constraints:
            self.extend(map(io.strip_wildcard_constraints, toclone))
        else:
            self.extend(toclone)
        if isinstance(toclone, iocontainers.Namedlist):
            self._take_names(toclone._get_names())
    if fromdict is not None:
        _add_named(self, fromdict)


def _plain_text(item):
    """Text of an item; of a stored file, what it is asked for by."""
    if isinstance(item, io._IOFile) and is_flagged(item._file, "storage_object"):
        stored = item.storage_object
        return str(item) if stored.retrieve else stored.query
    return str(item)


def _add_named(named, items):
    places = dict(zip(items, range(len(named), len(named) + len(items)), strict=True))
    named.extend(items.values())
    name_items(named, places)


def name_items(named, places):
    """Name items of a named list.

    Parameters
    ----------
    named : snakemake.iocontainers.Namedlist
        Gets names.
    places : dict
        Of each name, the place of its item.
    """
    if places.keys() - _free_names.get(type(named), ()):
        for name, index in places.items():
            named._set_name(name, index)
        return
    for name, index in places.items():
        named._names[name] = (index, None)
        named.__dict__[name] = list.__getitem__(named, index)


@instead_of(iocontainers.Namedlist, "_set_name")
def _set_name(self, name, index, end=None):
    # Which names are not attributes of the class is found once.
    free = _free_names.setdefault(type(self), set())
    if name not in free:
        if name not in self._allowed_overrides and hasattr(type(self), name):
            _set_name.replaced(self, name, index, end)  # says that it is reserved
        free.add(name)
    self._names[name] = (index, end)
    if end is None:
        self.__dict__[name] = list.__getitem__(self, index)
    else:
        self.__dict__[name] = iocontainers.Namedlist(toclone=self[index:end])


def copy_of(named):
    """Copy a named list of which each name is of one item."""
    copied = type(named).__new__(type(named))
    copied.extend(named)
    copied.__dict__.update(named.__dict__)
    copied._names = dict(named._names)
    return copied
