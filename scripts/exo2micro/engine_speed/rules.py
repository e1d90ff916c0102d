"""What of a rule becomes a job's: its inputs, its log, its resources."""

import inspect
from collections.abc import Mapping
from typing import NamedTuple

from snakemake import common, rules
from snakemake.exceptions import WildcardError
from snakemake.io import AnnotatedString, _IOFile, is_callable
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Wildcards

from .files import apply_wildcards, file_at, filled_in, flags_of, is_flagged, modifies
from .lists import copy_of, name_items
from .replacing import instead_of

# Default resources that are functions, but the same for all jobs of a run.
SAME_FOR_ALL = {"tmpdir": "system_tmpdir"}
# Mark of a function of a resource: functions of the wildcards, the values of which decide, with the
# attempt, what it gives.
DECIDED_BY = "decided_by"


def kept_by_rule(rule, key, find):
    """Work out something of a rule once, and keep it with the rule."""
    kept = rule.__dict__.setdefault("_kept_by_exo2micro", {})
    if key not in kept:
        kept[key] = find(rule)
    return kept[key]


@instead_of(common, "get_input_function_aux_params")
def _parameters_asked_for(function, given):
    asked = common.get_function_params(function)
    # A function that takes whatever it is given has a parameter of that kind, which is its last.
    if asked and next(reversed(asked.values())).kind == inspect.Parameter.VAR_KEYWORD:
        return given
    return {name: value for name, value in given.items() if name in asked}


class ItemOfInput(NamedTuple):
    """An input of a rule: its name, a file or a function, and whether that gives names itself."""

    name: str | None
    item: object
    function: object
    unpacked: bool

    def given(self, wildcards):
        """What it gives for some wildcards, by name; None where Snakemake has to find that."""
        if self.function is None:
            return {self.name: self.item.apply_wildcards(wildcards)}
        found = self.function(wildcards)
        return found if self.unpacked else {self.name: found}


@instead_of(rules.Rule, "expand_input")
def _expand_input(rule, wildcards, groupid=None):
    items = kept_by_rule(rule, "input", _items_of_input)
    try:
        found = None if items is None else _files_of(items, rule, wildcards)
    except Exception:
        found = None  # Snakemake meets it too, and says of which rule it is
    return _expand_input.replaced(rule, wildcards, groupid) if found is None else found


def _files_of(items, rule, wildcards):
    """Files of a job, and which input each is of; None if any is of another kind."""
    found, mapping, places = InputFiles(), {}, {}
    asked = Wildcards(fromdict=wildcards)
    for one in items:
        named = one.given(asked)
        if type(named) is not dict:
            return None
        for name, path in named.items():
            file = file_at(path, rule) if type(path) is str else None
            if file is None:
                if one.function is None:
                    file = path
                elif type(path) is str and "{" not in path:
                    file = _IOFile(path, rule=rule).apply_wildcards(wildcards)
                else:
                    return None
                file.check()
            mapping[file] = one.item
            if name:
                places[name] = len(found)
            found.append(file)
    name_items(found, places)
    return found, mapping, {}, False


def _items_of_input(rule):
    """All inputs of a rule; None if any is of another kind."""
    modifier = rule.input_modifier
    if (
        rule.dependencies
        or tuple(rule.workflow.modifier.default_input_flags)
        or (modifier is not None and modifies(modifier))
    ):
        return None
    items = []
    for name, item in rule.input._allitems():
        unpacked, function = is_flagged(item, "unpack"), None
        if is_callable(item):
            inner = item._file if isinstance(item, _IOFile) else item
            function = inner.callable if isinstance(inner, AnnotatedString) else inner
            if (
                (name and unpacked)
                or getattr(item, "flags", {}).keys() - {"unpack"}
                or not _takes_wildcards_alone(function)
            ):
                return None
        elif type(item) is not _IOFile:
            return None
        items.append(ItemOfInput(name, item, function, unpacked))
    return items


def _takes_wildcards_alone(function):
    parameters = common.get_function_params(function)
    if not isinstance(parameters, Mapping) or len(parameters) != 1:
        return False
    (parameter,) = parameters.values()
    return parameter.kind is parameter.POSITIONAL_OR_KEYWORD


@instead_of(rules.Rule, "get_wildcards")
def _wildcards_of_a_job(rule, requested_output, wildcards_dict=None):
    # Mostly the values of the job that asks, of which a file's name is made without the file.
    names = rule.wildcard_names
    if requested_output is None or wildcards_dict is None or not names <= wildcards_dict.keys():
        return _wildcards_of_a_job.replaced(rule, requested_output, wildcards_dict)
    own = {name: value for name, value in wildcards_dict.items() if name in names}
    for product in rule.products():
        if product._is_callable or flags_of(product).get("storage_object"):
            break
        if apply_wildcards(product._file, own) == requested_output:
            constraints = product.wildcard_constraints()
            if all(constraints[name].match(own[name]) for name in names & constraints.keys()):
                return own
    return _wildcards_of_a_job.replaced(rule, requested_output, wildcards_dict)


@instead_of(rules.Rule, "expand_output")
def _expand_output(rule, wildcards):
    patterns = kept_by_rule(rule, "output", lambda rule: list(rule.output))
    output = OutputFiles()
    output.extend([filled_in(pattern, wildcards) for pattern in patterns])
    output._take_names(rule.output._get_names())
    return output, dict(zip(output, patterns, strict=True))


@instead_of(rules.Rule, "expand_log")
def _expand_log(rule, wildcards):
    if any(path.is_callable() for path in rule.log):
        return _expand_log.replaced(rule, wildcards)
    try:
        log = Log(toclone=[filled_in(path, wildcards) for path in rule.log])
    except WildcardError:
        return _expand_log.replaced(rule, wildcards)  # says of which rule
    log._take_names(rule.log._get_names())
    return log


@instead_of(rules.Rule, "expand_resources")
def _expand_resources(rule, wildcards, input, attempt, skip_evaluation=None):
    def find(rule):
        return _expand_resources.replaced(rule, wildcards, input, attempt, skip_evaluation)

    deciding = kept_by_rule(rule, "what decides resources", _what_decides_resources)
    if deciding is None:
        return find(rule)
    try:
        asked = Wildcards(fromdict=wildcards) if deciding else None
        values = [value_for(asked) for value_for in deciding]
    except Exception:
        return find(rule)  # Snakemake meets it too, and says of which rule it is
    key = "resources", attempt, *sorted(skip_evaluation or ()), *values
    return copy_of(kept_by_rule(rule, key, find))


def _what_decides_resources(rule):
    """Functions of what, besides the attempt, resources of a rule depend on; None if not known."""
    deciding = []
    for resource in rule.resources.values():
        if not resource.is_evaluable() or SAME_FOR_ALL.get(resource.name, "") == resource.raw:
            continue
        functions = getattr(resource._evaluator, DECIDED_BY, None)
        if functions is None:
            return None
        deciding += functions
    return deciding


@instead_of(rules.Rule, "group")
def _group(rule):
    if rule._group is None and not rule.workflow.group_settings.overwrite_groups:
        return None
    return _group.replaced(rule)
