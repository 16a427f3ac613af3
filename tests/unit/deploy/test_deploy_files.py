"""The files of deploy/ against the schemas of those who read them, and against this project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mulakat.healthcheck import healthy
from mulakat.settings import load
from serving import serving

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "container" / "Dockerfile").read_text()
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "mulakat.yaml").read_text()))
COMPOSE = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
RENDER = yaml.safe_load((ROOT / "render.yaml").read_text())
SERVICE = COMPOSE["services"]["mulakat"]
SECRET = "x" * 40


def of(kind: str) -> dict[str, Any]:
    return next(one for one in MANIFESTS if one["kind"] == kind)


POD = of("Deployment")["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


def run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def test_the_compose_file_is_one() -> None:
    file = str(DEPLOY / "container" / "compose.yaml")
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", file)


def test_the_manifests_are_what_kubernetes_takes() -> None:
    run(tool("kubernetes-validate"), "--strict", str(DEPLOY / "kubernetes" / "mulakat.yaml"))


def test_the_unit_is_what_systemd_takes(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    program = tmp_path / "mulakat"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (DEPLOY / "systemd" / "mulakat.service").read_text()
    unit = tmp_path / "mulakat.service"
    unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={program}", text))
    run(analyze, "verify", str(unit))


def test_every_copied_path_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / path).exists() for path in kept)
    for name in re.findall(r"-r (requirements/\w+\.txt)", DOCKERFILE):
        assert (ROOT / name).exists()
    assert "requirements" in kept


@pytest.mark.parametrize(
    "given",
    [
        dict(re.findall(r"(MULAKAT_\w+)=(\S+?)(?: \\)?$", DOCKERFILE, re.MULTILINE)),
        {name: SECRET if "TOKEN" in name else "" for name in SERVICE["environment"]},
        {one["name"]: one["value"] for one in CONTAINER["env"]},
        {one["key"]: one.get("value", SECRET) for one in RENDER["services"][0]["envVars"]},
    ],
    ids=["Dockerfile", "compose", "kubernetes", "render"],
)
def test_every_setting_in_them_exists(given: dict[str, str]) -> None:
    assert given
    load(given)


def test_each_gives_it_the_memory_that_it_is_built_for() -> None:
    assert SERVICE["mem_limit"] == SERVICE["memswap_limit"] == "512m"
    assert CONTAINER["resources"]["limits"]["memory"] == "512Mi"
    assert "MemoryMax=512M" in (DEPLOY / "systemd" / "mulakat.service").read_text()
    assert "--memory 512m --memory-swap 512m" in DOCKERFILE


def test_none_runs_as_root_or_may_write_its_program() -> None:
    assert re.search(r"^USER 10001$", DOCKERFILE, re.MULTILINE)
    assert SERVICE["read_only"]
    assert POD["securityContext"]["runAsNonRoot"]
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]


def test_no_secret_stands_in_them() -> None:
    assert set(of("Secret")["stringData"].values()) == {""}
    assert "generateValue" in str(RENDER)


def test_the_health_check_says_how_the_server_is(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        port = server.url.rpartition(":")[2]
        check = [sys.executable, "-m", "mulakat.healthcheck"]
        environment = os.environ | {"MULAKAT_PORT": port}
        assert subprocess.run(check, check=False, env=environment).returncode == 0
    assert subprocess.run(check, check=False, env=environment).returncode == 1
    assert not healthy("127.0.0.1", int(port))
