"""A Slurm of one node, started for a test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
InactiveLimit=0
KillWait=2
MinJobAge=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=60 State=UP PreemptMode=off
"""


def missing() -> str:
    """The programs of Slurm that are not installed; "" if all are and this is root."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if os.geteuid() != 0:
        absent.append("the rights of root")
    return ", ".join(absent)


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Run it within `folder`; SLURM_CONF names its configuration meanwhile."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    host = socket.gethostname().partition(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir()
    controller, daemon = _free_port(), _free_port()
    conf = folder / "slurm.conf"
    conf.write_text(
        _CONFIGURATION.format(host=host, folder=folder, controller=controller, daemon=daemon)
    )
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    before = dict(os.environ)
    os.environ.update(SLURM_CONF=str(conf), PATH=path)
    started = []
    try:
        munge = [
            "munged", "--foreground", "--force", f"--key-file={key}",
            f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid",
            f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed",
        ]  # fmt: skip
        for command in (munge, ["slurmctld", "-D"], ["slurmd", "-D", "-N", host]):
            with (folder / f"{command[0]}.out").open("w") as out:
                started.append(subprocess.Popen(command, stdout=out, stderr=out))  # noqa: S603
            time.sleep(1.0)
        _wait_for_node(folder)
        yield
    finally:
        for process in reversed(started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        os.environ.clear()
        os.environ.update(before)


def _wait_for_node(folder: Path) -> None:
    said = ""
    for _ in range(60):
        said = subprocess.run(
            ["sinfo", "--noheader", "--format", "%T"],  # noqa: S607
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        if said.strip() == "idle":
            return
        time.sleep(0.5)
    logs = "\n".join(file.read_text(errors="replace") for file in folder.glob("*.[lo][ou][gt]"))
    raise RuntimeError(f"Slurm did not start: {said}\n{logs}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
