"""What a process holds, as the kernel tells it."""

import os
import subprocess
import sys
from dataclasses import replace

from mulakat.memory import gauge, processes
from mulakat.settings import MIB


def test_a_full_look_agrees_with_the_kernels_own_sum() -> None:
    seen = processes.look("web", os.getpid(), None, full=True)
    assert seen
    assert (seen.role, seen.pid) == ("web", os.getpid())
    assert abs(seen.pss - gauge.pss(os.getpid())) < 2 * MIB
    assert 0 < seen.uss <= seen.pss <= seen.rss <= seen.vms
    assert seen.peak >= seen.rss - MIB


def test_between_full_looks_pss_moves_as_rss_does() -> None:
    now = processes.look("web", os.getpid(), None, full=True)
    assert now
    before = replace(now, rss=now.rss - 10 * MIB, pss=50 * MIB, uss=40 * MIB)
    seen = processes.look("web", os.getpid(), before, full=False)
    assert seen
    moved = seen.rss - before.rss
    assert (seen.pss, seen.uss) == (50 * MIB + moved, 40 * MIB + moved)


def test_a_new_process_in_the_same_role_is_looked_at_in_full() -> None:
    now = processes.look("web", os.getpid(), None, full=True)
    assert now
    seen = processes.look("web", os.getpid(), replace(now, pid=1, pss=1), full=False)
    assert seen
    assert seen.pss > MIB


def test_a_process_that_ended_is_none_even_before_it_is_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.read()  # it has closed its end
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        for full in (True, False):
            assert processes.look("worker", child.pid, None, full=full) is None
    assert processes.look("worker", child.pid, None, full=False) is None
