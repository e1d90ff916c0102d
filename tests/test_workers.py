"""Work in several processes: in order, all of it, and with every fault told."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from exo2micro import workers as module
from exo2micro.errors import ImageReadError
from exo2micro.spare_cores import BACKGROUND_VARIABLE, FILE_NAME, LOWEST_PRIORITY, VARIABLE, Cores
from exo2micro.storage.tiff import EncodedTile, encode_tile
from exo2micro.worker_fault import WorkerKilledError
from exo2micro.workers import Workers

SCRIPTS = Path(module.__file__).parents[1]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux only")


def slow_first(number):
    """The first items of each four take longest, so that later ones are done before."""
    time.sleep(0.004 * (3 - number % 4))
    return number, os.getpid()


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("at_once", [1, 3])
def test_results_come_in_order(processes, at_once):
    with Workers(slow_first, processes) as workers:
        results = list(workers.map(range(50), at_once))
    assert [number for number, _ in results] == list(range(50))
    pids = {pid for _, pid in results}
    assert len(pids) == processes
    assert (os.getpid() in pids) == (processes == 1)


def test_no_items_no_results():
    with Workers(slow_first, 2, lambda: "bye") as workers:
        assert list(workers.map([])) == []
        assert workers.farewells == ["bye", "bye"]


def test_items_are_read_a_few_ahead_only():
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    with Workers(lambda number: number, 2) as workers:
        results = workers.map(items(), 2)
        assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
        assert len(taken) <= 4 + 2 * 2 * module.AHEAD


def test_what_each_process_gathered_is_handed_over_at_its_end():
    gathered = []

    def gather(number):
        gathered.append(number)

    with Workers(gather, 2, lambda: gathered) as workers:
        list(workers.map(range(100)))
    assert gathered == []
    assert sorted(chain(*workers.farewells)) == list(range(100))


def arrays(number, size):
    """Arrays larger and smaller than what goes through shared memory, and one in pieces."""
    whole = np.full((size, size), number, np.float32)
    return {"whole": whole, "part": whole[::2, ::3], "little": whole[:2, :2], "name": str(number)}


@pytest.mark.parametrize("size", [16, 600, 3000])  # in the pipe, in shared memory, too large for it
def test_arrays_arrive_as_they_were(size):
    with Workers(partial(arrays, size=size), 2) as workers:
        results = list(workers.map(range(6), 2))
    for number, result in enumerate(results):
        expected = arrays(number, size)
        assert result["name"] == expected["name"]
        for name in ("whole", "part", "little"):
            np.testing.assert_array_equal(result[name], expected[name])


def test_results_that_are_kept_do_not_change_when_memory_is_used_again():
    with Workers(partial(arrays, size=300), 2) as workers:
        results = list(workers.map(range(60)))
    assert [result["whole"].mean() for result in results] == list(range(60))


@pytest.mark.parametrize("shape", [(512, 512), (300, 77)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_encoded_tiles_go_through(shape, dtype):
    pixels = np.random.default_rng(1).integers(0, 200, shape).astype(dtype)
    with Workers(encode_tile, 2) as workers:
        (tile,) = workers.map([pixels])
    expected = encode_tile(pixels)
    assert isinstance(tile, EncodedTile)
    assert (tile.encoded, tile.shape, tile.dtype) == (expected.encoded, shape, np.dtype(dtype))
    assert isinstance(tile.encoded, bytes)  # which tifffile insists on
    np.testing.assert_array_equal(tile.halved, expected.halved)


def read_badly(number):
    if number == 7:
        raise ImageReadError("slide.tif: tile 7 is damaged. Copy it again.")
    return number


def test_a_fault_is_raised_here_with_its_message_and_where_it_was():
    with Workers(read_badly, 2) as workers:
        results = workers.map(range(20))
        with pytest.raises(ImageReadError, match=r"tile 7 is damaged\. Copy it again") as caught:
            list(results)
    assert "read_badly" in str(caught.value.__cause__)


class StubbornError(Exception):
    """A fault that cannot be pickled."""

    def __init__(self):
        super().__init__("it cannot be sent")
        self.held = lambda: None


def fail_stubbornly(number):
    raise StubbornError


def test_a_fault_that_cannot_be_sent_is_told_all_the_same():
    with Workers(fail_stubbornly, 2) as workers, pytest.raises(RuntimeError, match="StubbornError"):
        list(workers.map(range(3)))


def fail_to_part():
    raise ArithmeticError("nothing to say")


def test_a_fault_at_the_end_is_raised():
    workers = Workers(read_badly, 2, fail_to_part)
    with workers, pytest.raises(ArithmeticError, match="nothing to say"):
        list(workers.map(range(3)))


def kill_oneself(number, how):
    if number == 5:
        os.kill(os.getpid(), how)
    return number


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGUSR1])
def test_a_worker_that_is_killed_is_told(how):
    workers = Workers(partial(kill_oneself, how=how), 2)
    with workers, pytest.raises(WorkerKilledError) as caught:
        list(workers.map(range(200)))
    assert caught.value.number == how


def leave(number):
    if number == 5:
        os._exit(3)
    return number


def test_a_worker_that_leaves_is_told():
    with Workers(leave, 2) as workers, pytest.raises(RuntimeError, match="exit code 3"):
        list(workers.map(range(200)))


def test_no_process_is_left_when_the_results_are_not_wanted_any_more():
    with Workers(slow_first, 2) as workers:
        results = workers.map(range(1000))
        pids = {next(results)[1] for _ in range(8)}
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from exo2micro.workers import Workers
import os

def tell(number):
    return os.getpid()

with Workers(tell, 2) as workers:
    print(*{pid for pid in workers.map(range(40))}, flush=True)
    time.sleep(60)
"""


def test_workers_end_with_whoever_began_them():
    command = [sys.executable, "-c", PARENT, str(SCRIPTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pids = parent.stdout.readline().split()
        assert len(pids) == 2
        parent.kill()
    end = time.monotonic() + 10
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.02)


def _runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


BORROWER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from exo2micro.spare_cores import occupy_cores
from exo2micro.workers import Workers

def work(number):
    time.sleep(0.005)
    return os.getpid()

occupy_cores(1)
with Workers(work, 1) as workers:
    pids = workers.map(range(400))
    print(len({next(pids) for _ in range(100)}), flush=True)
    sys.stdin.readline()
    for _ in range(50):
        next(pids)  # begun before
    print(len(set(pids)), flush=True)
"""


@pytest.fixture
def offered():
    """Two cores as a run's main process offers them; and its environment."""
    descriptor = os.memfd_create(FILE_NAME)
    os.ftruncate(descriptor, 4)
    yield descriptor, {**os.environ, VARIABLE: f"/proc/{os.getpid()}/fd/{descriptor}"}
    os.close(descriptor)


@pytest.mark.parametrize("busy_first", [True, False])
def test_a_second_process_works_only_while_a_core_is_idle(offered, busy_first):
    descriptor, environment = offered
    other = os.dup(descriptor)
    if busy_first:
        Cores(other).occupy(1)
    command = [sys.executable, "-c", BORROWER, str(SCRIPTS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as job:
        first = int(job.stdout.readline())
        if busy_first:
            os.close(other)  # as when a job ends
        else:
            Cores(other).occupy(1)
        job.stdin.write("\n")
        job.stdin.flush()
        second = int(job.stdout.readline())
    assert (first, second) == ((1, 2) if busy_first else (2, 1))
    if not busy_first:
        os.close(other)


def test_nothing_is_lent_where_nobody_offers(offered):
    _, environment = offered
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]);"
        "from exo2micro import spare_cores as s; s.occupy_cores(1);"
        "print(s.lent_cores(1) is not None, s.lent_cores(2) is not None)"
    )

    def lent(variable):
        environment[VARIABLE] = variable
        command = [sys.executable, "-c", script, str(SCRIPTS)]
        return subprocess.check_output(command, env=environment, text=True).split()

    assert lent(environment[VARIABLE]) == ["True", "False"]
    # Of another machine's process, or of one that is gone.
    with open(os.devnull) as another:
        assert lent(f"/proc/{os.getpid()}/fd/{another.fileno()}") == ["False", "False"]
    assert lent("/proc/0/fd/3") == ["False", "False"]


BACKGROUND_JOB = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from exo2micro.spare_cores import occupy_cores
from exo2micro.workers import Workers

def work(number):
    time.sleep(0.005)
    return os.getpid(), os.nice(0)

before = os.nice(0)
occupy_cores(1, background=True)
with Workers(work, 1) as workers:
    print("begun", flush=True)
    sys.stdin.readline()
    done = list(workers.map(range(400)))
print(len({pid for pid, _ in done}), *{priority - before for _, priority in done})
"""


def _run_in_background(environment):
    """Processes of a job in the background, and how much lower their priority was."""
    command = [sys.executable, "-c", BACKGROUND_JOB, str(SCRIPTS)]
    result = subprocess.run(command, env=environment, input="\n", capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [int(word) for word in result.stdout.split()[1:]]


def test_a_job_in_the_background_keeps_no_core_from_others(offered):
    descriptor, environment = offered
    others = Cores(os.dup(descriptor))
    background = {**environment, BACKGROUND_VARIABLE: "1"}
    # Alone it uses both cores; beside another job one, whatever that job leaves of it.
    assert _run_in_background(background) == [2, LOWEST_PRIORITY]
    others.occupy(1)
    assert _run_in_background(background) == [1, LOWEST_PRIORITY]
    command = [sys.executable, "-c", BACKGROUND_JOB, str(SCRIPTS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=background, **pipes) as job:
        assert job.stdout.readline() == "begun\n"
        assert others.borrow()  # the second core, at which the job works
        assert job.communicate("\n")[0].split() == ["1", str(LOWEST_PRIORITY)]
    others.give_back()


def test_a_job_runs_in_the_background_only_where_the_run_has_jobs_there(offered):
    _, environment = offered
    assert _run_in_background({**environment, BACKGROUND_VARIABLE: ""}) == [2, 0]
