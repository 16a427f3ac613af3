"""The limit that really holds, on every layout of cgroups."""

import os
from pathlib import Path

import pytest

from mulakat.memory import gauge
from mulakat.settings import MIB, Bytes

GIB = 1024 * MIB


def layout(root: Path, cgroup: str, mountinfo: str, files: dict[str, str]) -> Path:
    """Write a file system as the kernel would show it, with 8 GiB of physical memory."""
    for name, text in {
        "proc/meminfo": f"MemTotal: {8 * GIB // 1024} kB\nMemFree: 1 kB\n",
        "proc/self/cgroup": cgroup,
        "proc/self/mountinfo": mountinfo,
        **files,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2_MOUNT = "25 1 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNT = "36 32 0:33 {root} /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory\n"


def test_v2_in_a_container_shows_its_own_group_as_the_root(tmp_path: Path) -> None:
    root = layout(tmp_path, "0::/\n", V2_MOUNT, {"sys/fs/cgroup/memory.max": f"{512 * MIB}\n"})
    assert gauge.limit(root=root) == gauge.Limit(512 * MIB, "cgroup v2 (memory.max)")


def test_v2_takes_the_smallest_limit_on_the_way_to_the_root(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        "0::/system.slice/mulakat.service\n",
        V2_MOUNT,
        {
            "sys/fs/cgroup/system.slice/memory.max": f"{600 * MIB}\n",
            "sys/fs/cgroup/system.slice/mulakat.service/memory.max": f"{2 * GIB}\n",
        },
    )
    assert gauge.limit(root=root).bytes == 600 * MIB


def test_v2_without_a_limit_is_the_machines_memory(tmp_path: Path) -> None:
    root = layout(tmp_path, "0::/\n", V2_MOUNT, {"sys/fs/cgroup/memory.max": "max\n"})
    assert gauge.limit(root=root) == gauge.Limit(8 * GIB, "the machine's memory")


def test_v1_in_a_container_mounts_a_part_of_the_tree(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        "11:memory:/docker/abc\n10:cpu,cpuacct:/docker/abc\n",
        V1_MOUNT.format(root="/docker/abc"),
        {"sys/fs/cgroup/memory/memory.limit_in_bytes": f"{512 * MIB}\n"},
    )
    assert gauge.limit(root=root) == gauge.Limit(512 * MIB, "cgroup v1 (memory.limit_in_bytes)")


def test_v1_writes_no_limit_as_a_huge_number(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        "11:memory:/\n",
        V1_MOUNT.format(root="/"),
        {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"},
    )
    assert gauge.limit(root=root).bytes == 8 * GIB


def test_on_a_hybrid_system_the_group_that_limits_counts(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        "11:memory:/a\n0::/a\n",
        V1_MOUNT.format(root="/") + V2_MOUNT.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified"),
        {
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes": f"{700 * MIB}\n",
            "sys/fs/cgroup/unified/a/cgroup.procs": "1\n",
        },
    )
    assert gauge.limit(root=root).bytes == 700 * MIB


def test_without_any_group_the_machines_memory_counts(tmp_path: Path) -> None:
    root = layout(tmp_path, "", "", {})
    assert gauge.limit(root=root).source == "the machine's memory"
    assert gauge.working_set(root) is None


def test_an_override_counts_when_it_is_smaller(tmp_path: Path) -> None:
    root = layout(tmp_path, "0::/\n", V2_MOUNT, {"sys/fs/cgroup/memory.max": f"{GIB}\n"})
    assert gauge.limit(Bytes(512 * MIB), root).source == "MULAKAT_MEMORY_LIMIT"
    assert gauge.limit(Bytes(2 * GIB), root).source == "cgroup v2 (memory.max)"


@pytest.mark.parametrize(
    ("mount", "cgroup", "folder", "usage", "key"),
    [
        (V2_MOUNT, "0::/\n", "sys/fs/cgroup", "memory.current", "inactive_file"),
        (V1_MOUNT.format(root="/"), "4:memory:/\n", "sys/fs/cgroup/memory",
         "memory.usage_in_bytes", "total_inactive_file"),
    ],
)  # fmt: skip
def test_the_working_set_leaves_out_inactive_page_cache(
    tmp_path: Path, mount: str, cgroup: str, folder: str, usage: str, key: str
) -> None:
    root = layout(
        tmp_path,
        cgroup,
        mount,
        {f"{folder}/{usage}": "1000\n", f"{folder}/memory.stat": f"anon 600\n{key} 300\n"},
    )
    assert gauge.working_set(root) == 700


def test_the_real_machine_has_a_limit_and_this_process_a_pss() -> None:
    assert gauge.limit().bytes > 64 * MIB
    assert gauge.pss(os.getpid()) > 5 * MIB
