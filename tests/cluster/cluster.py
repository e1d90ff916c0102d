"""A real SLURM on this machine alone, from Debian's packages, for as long as the tests need it.

munged, MariaDB, slurmdbd (so that ``sacct`` tells out of memory and time limit apart), slurmctld
and slurmd run on loopback. Their data lie in a folder of the test's; only the configuration must
stand in /etc/slurm, because jobs are submitted without the SLURM_* variables that could point
elsewhere.

    python tests/cluster/cluster.py        keeps one up until Enter is pressed
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

PROGRAMS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd", "sbatch", "sacct")
# Debian's packages of these programs, for .ci/run.
PACKAGES = ("munge", "mariadb-server", "slurmdbd", "slurmctld", "slurmd", "slurm-client")
ETC = Path("/etc/slurm")
OURS = "ClusterName=here\n"
WORD = "only-reachable-from-here"
DATABASE_PORT = 13306


class DaemonError(RuntimeError):
    """A daemon did not come up."""


def why_not():
    """Say why no cluster can be brought up here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, to start a SLURM of its own"
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} not installed (apt-get install {' '.join(PACKAGES)})"
    configured = ETC / "slurm.conf"
    if configured.exists() and OURS not in configured.read_text():
        return f"{configured} is of another cluster"
    running = {process.info["name"] for process in psutil.process_iter(["name"])}
    busy = running & {"slurmctld", "slurmd", "slurmdbd"}
    return f"{', '.join(sorted(busy))} is running here already" if busy else ""


@contextmanager
def slurm(folder, cpus=2, memory_mb=4000):
    """Bring a cluster of one node up, and take it down at the end.

    Parameters
    ----------
    folder : path
        Where data and logs go.
    cpus, memory_mb : int
        What the node says that it has; it may be more than there is.
    """
    folder = Path(folder)
    with ExitStack() as stack:
        stack.enter_context(_configuration(folder, cpus, memory_mb))
        _start_munge(stack, folder)
        _start_database(stack, folder)
        _start(stack, folder, "slurmdbd", ["slurmdbd", "-D"], lambda: _port_open(6819))
        _register_cluster()
        _start(stack, folder, "slurmctld", ["slurmctld", "-D", "-c"], lambda: _port_open(6817))
        _start(stack, folder, "slurmd", ["slurmd", "-D"], _node_is_idle)
        yield
        subprocess.run(["scancel", "--user=root"], check=False)


def _start(stack, folder, name, command, ready, **options):
    """Start a daemon in the foreground, which ends with this process, and wait until it serves."""
    command = ["setpriv", "--pdeathsig", "TERM", *command]
    log = folder / f"{name}.out"
    with log.open("w") as stream:
        daemon = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, **options)
    stack.callback(_stop, daemon)
    until = time.monotonic() + 60
    while not ready():
        if daemon.poll() is not None or time.monotonic() > until:
            said = log.read_text(errors="replace")[-3000:]
            raise DaemonError(f"{name} did not come up:\n{said}")
        time.sleep(0.2)


def _stop(daemon):
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _port_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _node_is_idle():
    done = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
    return done.stdout.strip() == "idle"


def _start_munge(stack, folder):
    """Start munged, or use the one that runs."""
    if subprocess.run(["munge", "-n"], capture_output=True).returncode == 0:
        return
    key = Path("/etc/munge/munge.key")
    if not key.exists():
        subprocess.run(["mungekey", "--create"], check=True)
    for place in ("/run/munge", "/var/log/munge", "/var/lib/munge"):
        os.makedirs(place, exist_ok=True)
        shutil.chown(place, "munge", "munge")
    os.chmod("/run/munge", 0o755)
    _start(
        stack,
        folder,
        "munged",
        ["munged", "--foreground"],
        lambda: subprocess.run(["munge", "-n"], capture_output=True).returncode == 0,
        user="munge",
        group="munge",
        extra_groups=[],
    )


def _start_database(stack, folder):
    """Start a MariaDB of the test's own, with slurmdbd's database in it."""
    data, plug = folder / "mariadb", folder / "mariadb.sock"
    data.mkdir()
    shutil.chown(data, "mysql", "mysql")
    shutil.chown(folder, "mysql", "mysql")
    where = [f"--datadir={data}"]
    install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=socket"]
    subprocess.run(
        [*install, *where, "--user=mysql"],
        check=True,
        capture_output=True,
    )
    command = ["mariadbd", "--no-defaults", *where, f"--socket={plug}", f"--port={DATABASE_PORT}"]
    command += ["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=64M"]
    client = ["mariadb", "--no-defaults", f"--socket={plug}", "--user=root"]
    _start(
        stack,
        folder,
        "mariadbd",
        command,
        lambda: subprocess.run([*client, "-e", "select 1"], capture_output=True).returncode == 0,
        user="mysql",
        group="mysql",
        extra_groups=[],
    )
    orders = (
        "create database slurm_acct_db;"
        f"create user 'slurm'@'127.0.0.1' identified by '{WORD}';"
        f"create user 'slurm'@'localhost' identified by '{WORD}';"
        "grant all on slurm_acct_db.* to 'slurm'@'127.0.0.1';"
        "grant all on slurm_acct_db.* to 'slurm'@'localhost';"
    )
    subprocess.run([*client, "-e", orders], check=True)


def _register_cluster():
    for order in (
        ["add", "cluster", "here"],
        ["add", "account", "lab", "Cluster=here"],
        ["add", "user", "root", "Account=lab", "DefaultAccount=lab"],
    ):
        subprocess.run(["sacctmgr", "-i", *order], check=True, capture_output=True)


@contextmanager
def _configuration(folder, cpus, memory_mb):
    """Put the configuration into /etc/slurm, and take it away at the end.

    A process of its own waits for that end, which is also that of this process, however it ends:
    with a configuration whose cluster is gone, SLURM's commands wait 9 s before they give up, and
    so does Snakemake at every start, for its plugin asks them.
    """
    ETC.mkdir(exist_ok=True)
    host = socket.gethostname().split(".")[0]
    texts = {
        "slurm.conf": SLURM.format(folder=folder, host=host, cpus=cpus, memory=memory_mb),
        "slurmdbd.conf": DATABASE.format(folder=folder, host=host, word=WORD, port=DATABASE_PORT),
    }
    command = ["sh", "-c", 'cat; rm -f "$@"', "sh", *texts]
    keeper = subprocess.Popen(command, cwd=ETC, stdin=subprocess.PIPE, start_new_session=True)
    try:
        for name, text in texts.items():
            (ETC / name).write_text(text)
            (ETC / name).chmod(0o600 if name == "slurmdbd.conf" else 0o644)
        yield
    finally:
        keeper.stdin.close()
        keeper.wait()


SLURM = """\
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
KillWait=5
OverTimeLimit=0
MinJobAge=300
SchedulerParameters=sched_interval=2,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=UNLIMITED DefaultTime=10 State=UP
"""

DATABASE = """\
AuthType=auth/munge
DbdHost={host}
DbdAddr=127.0.0.1
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={port}
StorageUser=slurm
StoragePass={word}
StorageLoc=slurm_acct_db
"""


if __name__ == "__main__":
    reason = why_not()
    if reason:
        sys.exit(reason)
    with tempfile.TemporaryDirectory(prefix="slurm-") as place, slurm(place):
        subprocess.run(["sinfo"], check=True)
        input("SLURM is up. Enter takes it down. ")
