"""The clone and the wheel: what lies where, and what the scripts and the lock promise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from inspector import bundled, preflight

TOP_LEVEL = {
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "requirements.lock"),
    *("inspector", "models", "resources", "tests", "run", "test"),
}
SYSTEMS = {
    "Linux PC": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "Linux ARM": {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "aarch64",
    },
    "Mac": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}


def _shell(repository: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-euc", f"here=$1; . {repository}/.setup.sh; {script}", "sh", str(environment.pop("here", repository))],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


# ---------------------------------------------------------------- the clone


def test_top_level_holds_what_was_agreed_and_nothing_else(repository):
    if not (repository / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is not a clone")
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        cwd=repository,
        check=True,
    )
    names = {line.split("/")[0] for line in listing.stdout.splitlines()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


@pytest.mark.parametrize("script", ["run", "test", ".ci/run"])
def test_script_can_be_started(repository, script):
    assert os.access(repository / script, os.X_OK)


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_every_shell_reads_the_scripts(repository, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    command = [shell, "sh"] if shell == "busybox" else [shell]
    for script in ("run", "test", ".setup.sh"):
        subprocess.run([*command, "-n", repository / script], check=True)


def test_contributing_names_what_there_is_and_nothing_that_is_gone(repository):
    text = (repository / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"[\w/]*\w\.py", text))
    there = [path for folder in ("inspector", "tests", "models") for path in (repository / folder).rglob("*.py")]
    assert not [name for name in named if not any(path.as_posix().endswith(f"/{name}") for path in there)]
    for path in (repository / "inspector").rglob("*.py"):
        inside = path.relative_to(repository / "inspector")
        if inside.parent.as_posix() not in (
            ".",
            "graph",
            "engine",
            "engine/child",
            "ui",
        ):  # of the others the tree has the name alone
            assert f"{inside.parent.as_posix().removeprefix('graph/').removeprefix('ui/')}/" in text, inside
        elif path.name != "__init__.py":
            assert path.name in {name.split("/")[-1] for name in named}, inside


# ---------------------------------------------------------------- setting up


@pytest.fixture
def set_up_clone(repository, tmp_path):
    """A clone whose set-up has been finished, as far as the scripts can tell."""
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(repository / name, tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "inspector").touch(mode=0o755)
    (tmp_path / ".setup").mkdir()
    written = _shell(repository, 'wanted_stamp >"$venv/stamp"', here=str(tmp_path))
    assert written.returncode == 0, written.stderr
    return tmp_path


def _is_installed(repository: Path, clone: Path) -> bool:
    return _shell(repository, "is_installed", here=str(clone)).returncode == 0


def test_second_start_finds_nothing_to_set_up(repository, set_up_clone):
    assert _is_installed(repository, set_up_clone)


def test_changed_lock_is_installed(repository, set_up_clone):
    with (set_up_clone / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")
    assert not _is_installed(repository, set_up_clone)


def test_interrupted_set_up_is_done_again(repository, set_up_clone):
    (set_up_clone / ".setup" / "unfinished").touch()
    assert not _is_installed(repository, set_up_clone)


def test_moved_clone_is_set_up_again(repository, set_up_clone):
    moved = set_up_clone.rename(set_up_clone.with_name("moved"))
    assert not _is_installed(repository, moved)


def test_removed_python_is_replaced(repository, set_up_clone):
    python = set_up_clone / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert not _is_installed(repository, set_up_clone)


@pytest.mark.parametrize(
    ("version", "is_usable"), [("(3, 10)", False), ("(3, 11)", True), ("(3, 14)", True), ("(3, 15)", False)]
)
def test_only_the_tested_pythons_are_used(repository, tmp_path, version, is_usable):
    python = tmp_path / "python3"  # a Python that believes it has another version
    python.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.version_info = {version}; exec(\'$2\')"\n'
    )
    python.chmod(0o755)
    assert (_shell(repository, f"is_usable {python}").returncode == 0) == is_usable


def test_python_without_venv_is_not_used(repository, tmp_path):
    python = tmp_path / "python3"
    code = "import sys; sys.modules['ensurepip'] = None; exec('$2')"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}"\n')
    python.chmod(0o755)
    assert _shell(repository, f"is_usable {python}").returncode == 1


@pytest.mark.skipif(not Path("/sbin/ldconfig").exists(), reason="the scripts ask ldconfig")
@pytest.mark.parametrize(
    ("in_script", "in_program"), [("offscreen", "offscreen"), ("x11", "xcb"), ("wayland", "wayland")]
)
def test_scripts_and_program_miss_the_same_libraries(repository, in_script, in_program):
    answer = _shell(repository, f"missing_packages {in_script}")
    packages = set(answer.stdout.split()) - {preflight.FONT_PACKAGE}
    assert packages == set(preflight.missing_libraries(in_program).values())


def test_scripts_and_program_know_the_same_packages(repository):
    for table, libraries in {
        "offscreen": preflight.BASE_LIBRARIES,
        "x11": preflight.X11_LIBRARIES,
        "wayland": preflight.WAYLAND_LIBRARIES,
    }.items():
        words = _shell(repository, f'printf "%s" "${table}_libraries"').stdout.split()
        assert dict(zip(words[::2], words[1::2], strict=True)) == libraries


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_run_explains_itself_without_setting_up(repository, tmp_path, option):
    for name in ("run", ".setup.sh"):
        shutil.copy(repository / name, tmp_path)
    done = subprocess.run([tmp_path / "run", option], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ./run [MODEL] [IMAGE ...]")
    assert sorted(each.name for each in tmp_path.iterdir()) == [".setup.sh", "run"]


# ---------------------------------------------------------------- the lock


def _locked(repository: Path) -> list[Requirement]:
    lines = (repository / "requirements.lock").read_text("utf-8").splitlines()
    return [Requirement(line.removesuffix("\\").strip()) for line in lines if line[:1].isalnum()]


def test_lock_names_no_index_and_no_training_library(repository):
    text = (repository / "requirements.lock").read_text("utf-8")
    assert "http" not in text
    assert "file:" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")]
    names = {each.name for each in _locked(repository)}
    assert not names & {"torch", "scikit-learn", "nvidia-cudnn-cu13"}


def test_lock_has_a_hash_for_everything(repository):
    blocks = (repository / "requirements.lock").read_text("utf-8").split("\n    # via")[:-1]
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_lock_meets_every_requirement_once(repository, python, system):
    environment = {
        **default_environment(),
        **SYSTEMS[system],
        "python_version": python,
        "python_full_version": f"{python}.1",
        "platform_python_implementation": "CPython",
    }
    pins: dict[str, str] = {}
    for pin in _locked(repository):
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pin.name not in pins
            pins[pin.name] = str(pin.specifier).removeprefix("==")
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for text in (*project["dependencies"], *extras["test"], *extras["dev"]):
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate(environment):
            assert wanted.specifier.contains(pins[wanted.name]), text


# ---------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_carries_the_program_its_models_and_its_resources(repository, wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(repository).as_posix()
        for path in (repository / "inspector").rglob("*.*")
        if path.suffix in (".py", ".j2")
    }
    for folder in ("models", "resources"):
        for path in (repository / folder).rglob("*"):
            place = path.relative_to(repository)
            if path.is_file() and "__pycache__" not in place.parts and place.parts[:2] != ("resources", "manual"):
                wanted.add(f"inspector/_data/{place.as_posix()}")
    assert names == wanted


def test_wheel_has_sidecars_samples_and_makers_beside_each_model(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for model in ("edges", "shapes", "digits"):
        assert {f"inspector/_data/models/{model}{end}" for end in (".onnx", ".inspector.toml", ".md")} <= names
        assert f"inspector/_data/models/make_{model}.py" in names
        assert any(name.startswith(f"inspector/_data/resources/samples/{model}-") for name in names)


def test_installed_program_opens_a_bundled_model_outside_the_clone(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = os.environ | {"PYTHONPATH": str(site)}
    code = "from inspector import bundled; print(bundled.model('edges')); print(bundled.samples('edges')[0])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    model, sample = found.stdout.split("\n")[:2]
    assert Path(model) == site / "inspector" / "_data" / "models" / "edges.onnx"
    assert Path(sample).is_relative_to(site)
    layers = subprocess.run(
        [sys.executable, "-m", "inspector", "layers", model],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert layers.returncode == 0, layers.stderr
    assert all(operator in layers.stdout for operator in ("Conv", "Relu", "MaxPool"))


# ---------------------------------------------------------------- what ships, as the program finds it


def test_clone_holds_three_models_with_samples(repository):
    assert bundled.root() == repository
    assert [path.stem for path in bundled.models()] == ["digits", "edges", "shapes"]
    assert all(bundled.samples(path.stem) for path in bundled.models())
    assert bundled.icon("app").read_text("utf-8").lstrip().startswith("<svg")


def test_missing_model_and_icon_are_said_by_path():
    with pytest.raises(FileNotFoundError, match=r"nosuch\.onnx"):
        bundled.model("nosuch")
    with pytest.raises(FileNotFoundError, match=r"nosuch\.svg"):
        bundled.icon("nosuch")
    assert bundled.samples("nosuch") == ()
