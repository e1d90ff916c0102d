"""Work on the pieces of an image in several processes, with what they find in order.

Threads of Python take turns: two of them warp an image 1.3 to 1.6 times as fast as one. Processes
are forked, so they have all that was opened and prepared before; what they find comes back through
memory that is shared.
"""

import logging
import mmap
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections import deque
from itertools import islice
from multiprocessing import connection

from .allocation import give_freed_memory_back
from .processes import die_with_parent
from .spare_cores import lent_cores
from .streaming import ordered_map
from .worker_fault import WorkerKilledError, WorkerTracebackError

AT_HAND = 3  # parcels that a worker has, so that it need not wait for the next one
AHEAD = 5  # parcels, for each worker, that are begun at most before the first of them is done
SLOT_BYTES = 24 * 1024**2  # shared memory of a parcel; pages that are not written to cost nothing
LARGE = 32 * 1024  # bytes from which an array goes through shared memory
LOOK_S = 0.02  # s between looks for an idle core
READY, PAUSE, RESULT, FAULT, FAREWELL = "ready", "pause", "result", "fault", "farewell"


class Workers:
    """Applies a function to items in several processes. Use it as a context manager.

    The processes begin on entering, so that is to be done before threads are started. For one
    process there are two where cores of the run may be idle: the second one works only while they
    are. Where they never are, and elsewhere than on Linux, where forking is not safe, none is
    begun; there, threads do what they can.

    Parameters
    ----------
    function : callable
        Work on one item. What it changes is changed in its process only.
    processes : int
        How many there shall be: the threads that the job was given.
    farewell : callable, optional
        Called without arguments in each process after its last item; what it returns is found in
        `farewells`.
    fork : bool
        False to use threads after all.

    Attributes
    ----------
    farewells : list
        What each process said at its end; empty where none was begun, for then it is this one in
        which `function` has changed something.
    """

    def __init__(self, function, processes, farewell=None, *, fork=True):
        self.farewells = []
        self._function, self._farewell, self._threads = function, farewell, processes
        self._roles, self._team, self._shared, self._cv2_threads = [], [], None, None
        if fork and sys.platform == "linux":
            lent = lent_cores(processes) if processes == 1 else None
            self._roles = [None] * processes if processes > 1 else [None, lent] if lent else []

    def __enter__(self):
        """Begin the processes."""
        if not self._roles:
            return self
        # The threads of OpenCV are not forked along; who waits for them then waits for ever.
        if "cv2" in sys.modules:
            self._cv2_threads = sys.modules["cv2"].getNumThreads()
            sys.modules["cv2"].setNumThreads(1)
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self):
        # What was freed until now would be that of every process.
        give_freed_memory_back()
        self._shared = mmap.mmap(-1, len(self._roles) * AHEAD * SLOT_BYTES)
        for lent in self._roles:
            others = [member.channel for member in self._team]
            work = self._function, self._farewell, self._shared, lent
            self._team.append(_Member(work, others, borrows=lent is not None))

    def __exit__(self, *fault):
        """End the processes."""
        for member in self._team:
            member.end()
        self._team = []
        if self._shared is not None:
            self._shared.close()
        if self._cv2_threads is not None:
            sys.modules["cv2"].setNumThreads(self._cv2_threads)

    def map(self, items, at_once=1):
        """Yield ``function(item)`` for each item, in order. To be called once.

        Parameters
        ----------
        items : iterable
            Read a few ahead of what has been yielded.
        at_once : int
            Items that go to a worker as one parcel: neighbours, that read the same tiles.

        Yields
        ------
        object
            Large arrays are read-only where processes were begun.

        Raises
        ------
        WorkerKilledError
            If a worker ended by a signal.
        Exception
            What `function` raised, caused by a `WorkerTracebackError`.
        """
        if not self._roles:
            yield from ordered_map(self._function, items, self._threads)
            return
        parcels = enumerate(_parcels(items, at_once))
        free, begun, answers = list(range(len(self._team) * AHEAD)), deque(), {}
        while True:
            while free and (member := self._least_busy()) is not None:
                number, parcel = next(parcels, (None, None))
                if parcel is None:
                    break
                slot = free.pop()
                member.give(number, slot, parcel)
                begun.append((number, slot))
            if not begun:
                break
            self._hear(answers, wait=begun[0][0] not in answers)
            if begun[0][0] not in answers:
                continue
            number, slot = begun.popleft()
            results = _unpack(*answers.pop(number), self._shared, slot)
            free.append(slot)
            yield from results
        self._take_leave()

    def _least_busy(self):
        """Who is to have the next parcel; None where all have enough."""
        willing = [member for member in self._team if member.room > 0]
        return min(willing, key=lambda member: len(member.parcels), default=None)

    def _hear(self, answers, wait):
        """Take in what workers have to say; wait for one of them if told to."""
        channels = {member.channel: member for member in self._team}
        for channel in connection.wait(list(channels), None if wait else 0):
            channels[channel].hear(answers)

    def _take_leave(self):
        for member in self._team:
            member.send(None)
        for member in self._team:
            self.farewells.append(member.last_words())
        parcels = " and ".join(str(member.done) for member in self._team)
        logging.getLogger("exo2micro").info("processes worked on %s parcels of tiles", parcels)


class _Member:
    """A worker as this process sees it.

    Attributes
    ----------
    parcels : deque of int
        Numbers of those that it has at hand.
    done : int
        How many it has worked on.
    room : int
        How many more it would take.
    """

    def __init__(self, work, others, borrows):
        context = multiprocessing.get_context("fork")
        self.channel, there = context.Pipe()
        self.parcels, self.done, self._has_core = deque(), 0, not borrows
        self.room = 0 if borrows else AT_HAND
        arguments = (*work, there, [*others, self.channel], os.getpid())
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        # Open in the worker alone now: so its end is noticed here.
        there.close()

    def give(self, number, slot, parcel):
        """Give it a parcel to work on."""
        self.parcels.append(number)
        self.room -= 1
        self.send((slot, parcel))

    def send(self, message):
        """Send it a message."""
        try:
            self.channel.send(message)
        except OSError:
            self._explain_end()

    def hear(self, answers):
        """Take in the results of a parcel, or that it has borrowed a core or must give it back."""
        kind, *answer = self._receive()
        if kind == RESULT:
            answers[self.parcels.popleft()] = answer
            self.done += 1
            self.room += self._has_core
            return
        self._has_core = kind == READY
        self.room = AT_HAND if self._has_core else 0
        if kind == PAUSE:
            self.send(PAUSE)

    def last_words(self):
        """What it says at its end."""
        while (answer := self._receive())[0] != FAREWELL:
            pass  # it is ready for more, or no longer, and there is no more
        return pickle.loads(answer[1])

    def _receive(self):
        try:
            answer = self.channel.recv()
        except (EOFError, OSError):
            self._explain_end()
        if answer[0] == FAULT:
            _, fault, where = answer
            raise fault from WorkerTracebackError(where)
        return answer

    def _explain_end(self):
        self.process.join()
        code = self.process.exitcode
        if code < 0:
            raise WorkerKilledError(-code) from None
        raise RuntimeError(f"a worker ended with exit code {code}") from None

    def end(self):
        """End it, whatever it does."""
        self.process.kill()
        self.process.join()
        self.channel.close()


def _work(function, farewell, shared, lent, channel, others, parent):
    """What a worker does all its life."""
    # Whoever began this process decides on its end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    for other in others:
        other.close()
    messages = iter(channel.recv, None) if lent is None else _while_borrowing(lent, channel)
    try:
        for slot, parcel in messages:
            channel.send(_answer(_results, function, parcel, shared, slot))
        channel.send(_answer(_last_words, farewell))
    except (EOFError, BrokenPipeError):
        return  # the other end is gone: nobody waits for an answer


def _answer(call, *arguments):
    """What a call gives, or its fault: told to whoever waits, and raised there."""
    try:
        return call(*arguments)
    except BaseException as fault:
        return _describe(fault)


def _results(function, parcel, shared, slot):
    return RESULT, *_pack([function(item) for item in parcel], shared, slot)


def _last_words(farewell):
    return FAREWELL, pickle.dumps(farewell() if farewell else None)


def _while_borrowing(lent, channel):
    """Messages with parcels, asked for only while a core is idle."""
    while True:
        while not lent.borrow():
            if channel.poll(LOOK_S):
                return  # nothing was asked for: it is the end
        channel.send((READY,))
        pausing = False
        while (message := channel.recv()) != PAUSE:
            if message is None:
                return
            yield message
            if not pausing and lent.is_wanted():
                channel.send((PAUSE,))
                pausing = True
        lent.give_back()


def _describe(fault):
    """A fault as an answer."""
    where = "".join(traceback.format_exception(fault))
    try:
        pickle.loads(pickle.dumps(fault))
    except Exception:  # whatever a strange exception raises when it is pickled
        fault = RuntimeError(f"{type(fault).__name__}: {fault}")
    return FAULT, fault, f"\n{where}"


def _parcels(items, at_once):
    """Lists of some items each."""
    items = iter(items)
    while parcel := list(islice(items, at_once)):
        yield parcel


def _pack(results, shared, slot):
    """Pickle results, with large arrays in shared memory: bytes, and the sizes of those arrays."""
    large = []

    def keep(buffer):
        size = memoryview(buffer).nbytes
        if size < LARGE:
            return True  # pickled with the rest
        large.append(buffer.raw())
        return False

    pickled = pickle.dumps(results, protocol=5, buffer_callback=keep)
    sizes = [part.nbytes for part in large]
    if sum(sizes) > SLOT_BYTES:
        return pickle.dumps(results, protocol=5), []
    end = slot * SLOT_BYTES
    for part, size in zip(large, sizes, strict=True):
        start, end = end, end + size
        shared[start:end] = part
    return pickled, sizes


def _unpack(pickled, sizes, shared, slot):
    """Results out of what `_pack` has made of them; each large array on its own, read-only."""
    arrays, end = [], slot * SLOT_BYTES
    with memoryview(shared) as memory:
        for size in sizes:
            start, end = end, end + size
            with memory[start:end] as part:
                arrays.append(bytes(part))
    return pickle.loads(pickled, buffers=arrays)
