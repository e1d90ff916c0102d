"""What of a rule becomes a job's: its inputs, its log, its resources."""

import inspect

from snakemake import common, rules
from snakemake.exceptions import WildcardError
from snakemake.io import _IOFile, is_callable
from snakemake.iocontainers import InputFiles, Log

from .files import is_flagged, modifies
from .lists import copy_of
from .replacing import instead_of

# Default resources that are functions, but the same for all jobs of a run.
SAME_FOR_ALL = {"tmpdir": "system_tmpdir"}
# Mark of a function that gives all jobs of a rule the same, by nothing but the attempt.
SAME_FOR_JOBS = "same_for_jobs"


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


@instead_of(rules.Rule, "expand_input")
def _expand_input(rule, wildcards, groupid=None):
    functions = kept_by_rule(rule, "input", _functions_of_input)
    if functions is None:
        return _expand_input.replaced(rule, wildcards, groupid)
    found, mapping = InputFiles(), {}
    for name, item, unpacked in functions:
        given, incomplete = rule.apply_input_function(
            item,
            wildcards,
            incomplete_checkpoint_func=lambda error: error.targetfile,
            is_unpack=unpacked,
            groupid=groupid,
        )
        named = given if unpacked else {name: given}
        if incomplete or type(named) is not dict:
            return _expand_input.replaced(rule, wildcards, groupid)
        for key, path in named.items():
            if type(path) is not str:
                return _expand_input.replaced(rule, wildcards, groupid)
            file = _IOFile(path, rule=rule).apply_wildcards(wildcards)
            file.check()
            mapping[file] = item
            found.append(file)
            found._set_name(key, len(found) - 1)
    return found, mapping, {}, False


def _functions_of_input(rule):
    """Name, function and whether it gives names itself; None if any input is of another kind."""
    modifier = rule.input_modifier
    functions = [(name, item, is_flagged(item, "unpack")) for name, item in rule.input._allitems()]
    plain = (
        not rule.dependencies
        and not tuple(rule.workflow.modifier.default_input_flags)
        and (modifier is None or not modifies(modifier))
        and all(
            is_callable(item)
            and bool(name) != unpacked
            and not getattr(item, "flags", {}).keys() - {"unpack"}
            for name, item, unpacked in functions
        )
    )
    return functions if plain else None


@instead_of(rules.Rule, "expand_log")
def _expand_log(rule, wildcards):
    if any(path.is_callable() for path in rule.log):
        return _expand_log.replaced(rule, wildcards)
    try:
        log = Log(toclone=[path.apply_wildcards(wildcards) for path in rule.log])
    except WildcardError:
        return _expand_log.replaced(rule, wildcards)  # says of which rule
    log._take_names(rule.log._get_names())
    for path in log:
        path.check()
    return log


@instead_of(rules.Rule, "expand_resources")
def _expand_resources(rule, wildcards, input, attempt, skip_evaluation=None):
    def find(rule):
        return _expand_resources.replaced(rule, wildcards, input, attempt, skip_evaluation)

    if not kept_by_rule(rule, "same resources", _has_same_resources):
        return find(rule)
    return copy_of(kept_by_rule(rule, ("resources", attempt, *sorted(skip_evaluation or ())), find))


def _has_same_resources(rule):
    """Whether all jobs of a rule have the same resources at the same attempt."""
    return all(
        not resource.is_evaluable()
        or SAME_FOR_ALL.get(resource.name, "") == resource.raw
        or getattr(resource._evaluator, SAME_FOR_JOBS, False)
        for resource in rule.resources.values()
    )


@instead_of(rules.Rule, "group")
def _group(rule):
    if rule._group is None and not rule.workflow.group_settings.overwrite_groups:
        return None
    return _group.replaced(rule)
