# What is asked for and where it lies.
#
# The config and the raw folder are checked here, once, before any job; what is wrong with them is
# shown by a dry run already.

import sys

from snakemake.logging import logger

from exo2micro.config_files import check_duplicate_keys
from exo2micro.config_keys import check_keys
from exo2micro.engine import (
    may_try_again,
    prepare_run,
    runs_here,
    threads_of_jobs,
    wanted_files,
)
from exo2micro.errors import Exo2MicroError
from exo2micro.limits import JOB_KEYS
from exo2micro.parameters import suffix_shape
from exo2micro.request import build_request

# The command line tells what the workflow itself does not know while it is being read: whether
# anything is to be planned at all, and which files are asked for by name. Those are checked here
# because a fault in an input function would come with a traceback.
WORDS = sys.argv[1:]

try:
    check_duplicate_keys(workflow.configfiles)
    REQUEST = build_request(config, look="--lint" not in WORDS)
    for word in WORDS:
        REQUEST.check_target(word)
    ROOM = prepare_run(workflow, REQUEST, WORDS)
    # Jobs read these as they stand.
    checked, _ = check_keys(config)
    config.update({name: checked[name] for name in JOB_KEYS if name in config})
except Exo2MicroError as error:
    # The message alone: an exception would be printed with the place where it was raised.
    logger.error(str(error))
    sys.exit(1)

if workflow.is_main_process:
    for message in [*REQUEST.messages(), *([ROOM] if ROOM else [])]:
        logger.warning(message)

# Threads of a job that can use two.
THREADS = threads_of_jobs(workflow, REQUEST)
# Of stage 2's image, and of those that need not wait for it.
BESIDE_THREADS = threads_of_jobs(workflow, REQUEST, at_once=2)

# Folder of one pair's results; every path below it is completed by a rule's wildcards.
PAIR = f"{REQUEST.output_dir}/{{sample}}/{{dye}}"


wildcard_constraints:
    sample=r"[^/]+",
    dye=r"[^/_]+",
    fmt="tiff|fits",
    sfx1=suffix_shape(1),
    sfx2=suffix_shape(2),
    sfx3=suffix_shape(3),
    sfx4=suffix_shape(4),
