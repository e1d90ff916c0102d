"""A process that does a job, and one that watches it.

The watcher is forked off before anything heavy is loaded, so it costs little, and it is not in the
job's way: it ends the job by SIGKILL when that takes too long or too much memory, also in the
middle of compiled code, and it lives on to tell how the job ended. It never works on images.
"""

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import job_status as status
from .processes import children_of, die_with_parent, find_process

POLL_S = 0.05  # a job that allocates as fast as memory can be written gains 0.3 GB in this time
SHARED_POLL_S, CLOSE_POLL_S = 5.0, 0.2  # to tell what processes share takes 11 ms for 600 MB
ENGINE_POLL_S = 1.0  # to look for the engine takes 0.5 ms, six times as long as the rest of a poll
LAST_WORDS_S = 30.0  # for a job that has said that it is done and does not end
MESSAGE_BYTES = 32768  # fits into a pipe, so that the job never waits for its watcher
SHELLS = ("sh", "bash", "dash", "zsh", "ksh")


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes
    ----------
    state : str
        One of `job_status`'s.
    message : str
        For the person who must do something about it; empty where all is well.
    seconds, cpu_seconds : float
        Time by the clock, and of the processors.
    peak_mb : float
        Most resident memory, MB (10^6 bytes); of several processes the most that was seen of all.
    """

    state: str
    message: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def fork_worker():
    """Split this process into one that works and one that watches.

    Returns
    -------
    worker : int
        Process id of the worker; 0 in the worker itself.
    channel : int
        File descriptor of a pipe: the worker writes its last words into it, the watcher reads.
    """
    reading, writing = os.pipe()
    watcher = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    worker = os.fork()
    if worker:
        os.close(writing)
        return worker, reading
    os.close(reading)
    # The watcher ends this process; Ctrl-C in a terminal reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent(watcher)
    _offer_to_oom_killer()
    return 0, writing


def say_last_words(channel, state, message):
    """Tell the watcher how the job ended (in the worker)."""
    words = message.encode()[: MESSAGE_BYTES - 512].decode(errors="ignore")
    os.write(channel, json.dumps({"state": state, "message": words}).encode())
    os.close(channel)


class Watch:
    """Watches one worker.

    Parameters
    ----------
    worker : int
        Process id.
    channel : int
        Pipe from it.
    limits : Limits
        What it may take.
    name : str
        The job's name, for messages.
    each_poll : callable, optional
        Called every time with the seconds since the start and the memory in MB.
    """

    def __init__(self, worker, channel, limits, name, each_poll=None):
        self.worker, self.channel = worker, channel
        self.limits, self.name = limits, name
        self.each_poll = each_poll or (lambda seconds, memory_mb: None)
        self.started = time.monotonic()
        self.oom_kills = _oom_kills()
        self.engine, self.engine_seen = _chain_of_parents(), self.started
        self.request_to_end = None
        self.peak_mb = 0.0
        self._shared_mb, self._shared_looked, self._sharers = 0.0, 0.0, []
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note_signal)

    def _note_signal(self, number, frame):
        self.request_to_end = signal.Signals(number).name

    def wait(self):
        """Watch until the worker has ended, by itself or by force.

        Returns
        -------
        Ending
        """
        words, verdict, done_at = b"", None, None
        while True:
            ready, _, _ = select.select([self.channel] if done_at is None else [], [], [], POLL_S)
            if ready:
                part = os.read(self.channel, MESSAGE_BYTES)
                words += part
                if not part:
                    done_at = time.monotonic()
            ended = os.wait4(self.worker, os.WNOHANG)
            if ended[0]:
                words += self._rest_of_words(done_at)
                return self._ending(words, verdict, *ended[1:])
            verdict = verdict or self._why_end(done_at)
            if verdict:
                os.kill(self.worker, signal.SIGKILL)

    def _rest_of_words(self, done_at):
        return b"" if done_at is not None else os.read(self.channel, MESSAGE_BYTES)

    def _why_end(self, done_at):
        """State and message where the worker must be ended now; None where it may go on."""
        seconds, memory_mb = time.monotonic() - self.started, self._memory_mb()
        self.peak_mb = max(self.peak_mb, memory_mb)
        self.each_poll(seconds, memory_mb)
        if done_at is not None:
            overdue = time.monotonic() - done_at > LAST_WORDS_S
            return (status.ERROR, f"{self.name} did not end") if overdue else None
        if self.request_to_end:
            return self._interrupted(self.request_to_end)
        if self._engine_has_gone():
            return status.INTERRUPTED, f"{self.name} was ended because Snakemake had gone"
        if self.limits.seconds is not None and seconds > self.limits.seconds:
            return status.TIMED_OUT, (
                f"{self.name} timed out after {self.limits.seconds:g} s (timeout_per_task): give "
                "it more time, or find out what keeps it busy"
            )
        if self.limits.memory_mb is not None and memory_mb > self.limits.memory_mb:
            return status.OUT_OF_MEMORY, (
                f"{self.name} needed more than {self.limits.memory_mb / 1000:.3g} GB and was ended "
                "(memory_per_task): allow it more, if the machine has it"
            )
        return None

    def _memory_mb(self):
        """Memory of the worker and of those that it has begun, MB.

        What several of them share takes long to tell: it is looked at now and then, when there are
        others of them, and when more than the limit may have been reached. What has come since
        counts for each.
        """
        processes = [self.worker, *children_of(self.worker)]
        most = sum(own_mb(process) for process in processes)
        if len(processes) == 1:
            return most
        now, limit = time.monotonic(), self.limits.memory_mb
        close = limit is not None and most > limit
        overdue = now - self._shared_looked > (CLOSE_POLL_S if close else SHARED_POLL_S)
        if overdue or processes != self._sharers:
            self._shared_mb = most - sum(map(shared_mb, processes))
            self._shared_looked, self._sharers = now, processes
        return most - self._shared_mb

    def _engine_has_gone(self):
        now = time.monotonic()
        if os.getppid() == self.engine[0] and now - self.engine_seen < ENGINE_POLL_S:
            return False
        self.engine_seen = now
        return _chain_of_parents() != self.engine

    def _interrupted(self, request):
        end = float(os.environ.get("SLURM_JOB_END_TIME", "inf"))
        if request == "SIGTERM" and time.time() > end - 5:
            return status.TIMED_OUT, (
                f"{self.name} timed out after {time.monotonic() - self.started:.0f} s: the batch "
                "system's limit was reached (runtime); give it more"
            )
        return status.INTERRUPTED, (
            f"{self.name} was interrupted ({request}): the run was stopped before it ended"
        )

    def _ending(self, words, verdict, code, usage):
        seconds = time.monotonic() - self.started
        last = _understand(words)
        if last:
            state, message = last["state"], last["message"]
        else:
            state, message = verdict or self._unexplained(os.waitstatus_to_exitcode(code))
        # Of the largest process, at any moment; in KiB on Linux, in bytes on macOS.
        largest_mb = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
        return Ending(
            state,
            message,
            round(seconds, 3),
            round(usage.ru_utime + usage.ru_stime, 3),
            round(max(largest_mb, self.peak_mb), 1),
        )

    def _unexplained(self, code):
        """State and message of a worker that ended without a word."""
        if code >= 0:
            return status.ERROR, f"{self.name} ended with exit code {code} and said nothing"
        number = -code
        if number == signal.SIGKILL and _oom_kills() != self.oom_kills:
            return status.KILLED, (
                f"{self.name} was killed (likely out of memory): the system had none left. Run "
                "fewer jobs at once (--cores, --resources mem_mb=...), or take a larger machine"
            )
        if number == signal.SIGKILL and self.oom_kills is None:
            return status.KILLED, f"{self.name} was killed (likely out of memory, or kill -9)"
        word = signal.Signals(number).name
        crash = number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE)
        hint = ": a crash in compiled code; where, is in the log" if crash else ""
        return status.KILLED, f"{self.name} was killed by signal {number} ({word}){hint}"


def _understand(words):
    """Read the worker's last words; nothing where it was cut short."""
    try:
        return json.loads(words)
    except ValueError:
        return {}


def own_mb(pid):
    """Memory that a process holds now, mapped files aside, MB (10^6 bytes).

    Parameters
    ----------
    pid : int
        Process id.

    Returns
    -------
    float
        0 where there is no such process any more.
    """
    if not Path("/proc/self/status").exists():
        import psutil

        return psutil.Process(pid).memory_info().rss / 1e6
    return _sum_of_lines(f"/proc/{pid}/status", ("RssAnon:", "RssShmem:"))


def shared_mb(pid):
    """The same (Linux), with what several processes share counted for each in part."""
    path = f"/proc/{pid}/smaps_rollup"
    return _sum_of_lines(path, ("Pss_Anon:", "Pss_Shmem:")) or own_mb(pid)


def _sum_of_lines(path, names):
    """Sum of some lines of a file in which the system tells of memory, MB; 0 where it is gone."""
    try:
        text = Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    kib = [int(line.split()[1]) for line in text.splitlines() if line.startswith(names)]
    return sum(kib) * 1024 / 1e6


def _oom_kills():
    """How many processes the system has killed for want of memory; None where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def _chain_of_parents():
    """Process ids from this one's parent up to the engine, which is the first that is no shell.

    When the engine is killed, the shell in between lives on under another parent.
    """
    chain = [os.getppid()]
    while len(chain) < 4:
        process = find_process(chain[-1])
        if process is None or process.name not in SHELLS:
            return [*chain, 0] if process is None else chain
        chain.append(process.parent)
    return chain


def _offer_to_oom_killer():
    """When the system runs out of memory, it shall take this process and not the engine."""
    path = Path("/proc/self/oom_score_adj")
    # Where a sandbox forbids it, the system chooses by size, which is mostly the same.
    with suppress(OSError):
        path.write_text("500", encoding="ascii")
