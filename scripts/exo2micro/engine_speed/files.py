"""Shorter ways to what Snakemake asks of the names of files, dozens of times for each job."""

from operator import itemgetter
from types import MappingProxyType

from snakemake import io, path_modifier
from snakemake.exceptions import WildcardError
from snakemake_interface_common.io import AnnotatedStringInterface

from .caches import MOST_REMEMBERED
from .replacing import instead_of

_annotated = {}
_forms = {}
_NO_FLAGS = MappingProxyType({})


def compare_files_by_text():
    """Have files hashed and compared as the texts that they are, which takes no call of Python's.

    Snakemake asks what they were made of, which on Windows alone may be another text.
    """
    if not io.ON_WINDOWS:
        io._IOFile.__hash__, io._IOFile.__eq__ = str.__hash__, str.__eq__


@instead_of(io, "is_flagged")
def is_flagged(value, flag):
    """Whether a file or a text carries a flag; which types can is found once."""
    kind = type(value)
    if kind is io._IOFile:
        value = value._file
        kind = type(value)
    if kind is str:
        return False
    if kind is io.AnnotatedString:
        return bool(value._flags.get(flag))
    if kind not in _annotated:
        _annotated[kind] = issubclass(kind, AnnotatedStringInterface)
    return _annotated[kind] and value.is_flagged(flag)


def flags_of(file):
    """All flags of a file of a job, to look at."""
    inner = file._file
    kind = type(inner)
    if kind is str:
        return _NO_FLAGS
    return inner._flags if kind is io.AnnotatedString else file.flags


@instead_of(io, "apply_wildcards")
def apply_wildcards(pattern, wildcards):
    """Fill in a pattern; where its wildcards are is found once."""
    if "{" not in pattern:
        return str(pattern)
    form = _forms.get(pattern)
    if form is None:
        if len(_forms) >= MOST_REMEMBERED:
            _forms.clear()
        form = _forms[str(pattern)] = _form_of(pattern)
    template, values_of = form
    try:
        return template % values_of(wildcards)
    except KeyError as error:
        raise WildcardError(str(error)) from error


def _form_of(pattern):
    """A pattern with a place for each value, and what takes these out of the wildcards."""
    literals, names = split_pattern(pattern)
    template = "%s".join(literal.replace("%", "%%") for literal in literals)
    if len(names) > 1:
        return template, itemgetter(*names)
    return template, lambda wildcards: tuple(wildcards[name] for name in names)


def split_pattern(pattern):
    """The text before, between and after the wildcards of a pattern, and their names."""
    literals, names, end = [], [], 0
    for match in io.WILDCARD_REGEX.finditer(pattern):
        literals.append(pattern[end : match.start()])
        names.append(match.group("name"))
        end = match.end()
    return [*literals, pattern[end:]], names


@instead_of(io, "check")
def _check(iofile, rule=None, is_storage=False):
    if not _is_lucky(iofile):
        _check.replaced(iofile, rule, is_storage)


@instead_of(io._IOFile, "is_storage")
def _is_storage(self):
    inner = self._file
    if type(inner) is io.AnnotatedString:
        return bool(inner._flags.get("storage_object"))
    return is_flagged(inner, "storage_object")


@instead_of(io._IOFile, "check")
def _check_file(self):
    if self._is_callable or not _is_lucky(self._file):
        _check_file.replaced(self)


def _is_lucky(path):
    """Whether a path has none of the letters that any warning is about."""
    return (
        path != ""
        and path[0] not in " ."
        and path[-1] != " "
        and "{" not in path
        and "\n" not in path
        and "//" not in path
    )


@instead_of(io._IOFile, "__new__")
def _new_file(cls, file, rule):
    kind = type(file)
    if kind is io._IOFile and not file._is_callable:
        inner = file._file
    elif kind is str:
        inner = file
    else:
        return _new_file.replaced(cls, file, rule)
    if is_changed_by_snakemake(file) or is_flagged(inner, "storage_object"):
        return _new_file.replaced(cls, file, rule)
    return _plain_file(cls, file, inner, rule)


def is_changed_by_snakemake(path):
    """Whether a path is changed where it becomes a file: by a slash at its end, or a variable."""
    return path.endswith("/") or "<" in path


def _plain_file(cls, text, inner, rule):
    made = str.__new__(cls, text)
    made._is_callable, made._file, made.rule = False, inner, rule
    made._regex = made._wildcard_constraints = None
    return made


def file_at(path, rule):
    """A file of a job, without flags, at a path about which nothing is warned of.

    Parameters
    ----------
    path : str
        Without wildcards.
    rule : snakemake.rules.Rule
        The job's.

    Returns
    -------
    snakemake.io._IOFile or None
        None if there is anything in the path that Snakemake has to look at.
    """
    if not _is_lucky(path) or path[-1] == "/" or "<" in path:
        return None
    return _plain_file(io._IOFile, path, path, rule)


def filled_in(pattern, wildcards):
    """A file of a job, checked, of which nothing sets flags later: a rule's output or log."""
    inner = pattern._file
    plain = not pattern._is_callable and (type(inner) is str or not flags_of(pattern))
    file = file_at(apply_wildcards(inner, wildcards), pattern.rule) if plain else None
    if file is None:
        file = pattern.apply_wildcards(wildcards)
        file.check()
    return file


@instead_of(io._IOFile, "apply_wildcards")
def _file_of_wildcards(self, wildcards):
    inner = self._file
    kind = type(inner)
    if kind is io.AnnotatedString and not self._is_callable:
        flags = dict(inner._flags)
    elif kind is str:
        flags = {}
    else:
        return _file_of_wildcards.replaced(self, wildcards)
    text = apply_wildcards(inner, wildcards)
    if is_changed_by_snakemake(text) or flags.get("storage_object"):
        return _file_of_wildcards.replaced(self, wildcards)
    annotated = str.__new__(io.AnnotatedString, text)
    annotated.callable, annotated._flags = None, flags
    return _plain_file(type(self), text, annotated, self.rule)


def known_to_exist(file):
    """Whether a file is here, by what is known of it and of the folders above it.

    Parameters
    ----------
    file : snakemake.io._IOFile
        A local file.

    Returns
    -------
    bool or None
        None where only the disk can tell.
    """
    cache = file.rule.workflow.iocache
    if not cache.active:
        return None
    known = cache.exists_local
    found = known.get(file)
    if found is not None:
        return found
    folder = file.rpartition("/")[0]
    if folder in known.has_inventory:
        return False
    if "/." in file or "//" in file:
        return None
    return False if _is_absent(folder, file, known) else None


def any_may_exist(files):
    """Whether any file of a job may be here, or in a storage elsewhere."""
    for file in files:
        if flags_of(file).get("storage_object") or known_to_exist(file) is not False:
            return True
    return False


def _is_absent(folder, path, known):
    """Whether a folder, or one above it, was listed and a path was not in it."""
    listed = known.has_inventory
    if folder in listed:
        return not known.get(path, False)
    if not folder or not _is_absent(folder.rpartition("/")[0], folder, known):
        return False
    known[folder] = False
    listed.add(folder)
    return True


@instead_of(io._IOFile, "exists")
async def _exists(self):
    found = None if is_flagged(self._file, "storage_object") else known_to_exist(self)
    return await _exists.replaced(self) if found is None else found


@instead_of(io._IOFile, "exists_local")
async def _exists_local(self):
    found = known_to_exist(self)
    return await _exists_local.replaced(self) if found is None else found


@instead_of(io._IOFile, "inventory")
async def _inventory(self):
    if is_flagged(self._file, "storage_object") or io.ON_WINDOWS:
        await _inventory.replaced(self)
        return
    # Without the turn of the event loop that gathering a single task takes.
    cache = self.rule.workflow.iocache
    if cache.active and known_to_exist(self) is None:
        await self._local_inventory(cache)


def modifies(modifier):
    """Whether a modifier of paths has anything to do."""
    return (
        modifier._prefix_replacements is not None
        or modifier.prefix is not None
        or modifier.inner_modifier is not None
        or modifier.workflow.storage_settings.default_storage_provider is not None
    )


@instead_of(path_modifier.PathModifier, "modify")
def _modify(self, path, property=None):
    return _modify.replaced(self, path, property) if modifies(self) else path
