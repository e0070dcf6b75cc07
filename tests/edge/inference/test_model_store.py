"""Installing models: verified before they count, one step back, and whole at any instant."""

import hashlib
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from crackscan.core.command_line import run_command
from crackscan.core.errors import ModelError
from crackscan.core.model_card import Card, OperatingPoint, append_card, read_card
from crackscan.edge.cli import crackscan
from crackscan.edge.inference import model_store
from crackscan.edge.inference.model import MODELS, Model, find_model
from crackscan.edge.inference.model_install import all_models, install_model, roll_back, use_model
from crackscan.edge.inference.model_store import ModelUse, default_file, model_folders

SHIPPED = MODELS / "crack-s.tflite"


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of installed models, and no other."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(model_store, "SYSTEM_FOLDER", tmp_path / "system")
    return model_folders()[0]


def model(path: Path, version: str, **changes: object) -> Path:
    """The shipped network with another card."""
    card: Card = replace(read_card(SHIPPED), name="site", version=version, **changes)  # type: ignore[arg-type]
    data = SHIPPED.read_bytes()
    append_card(data[: data.index(b"PK\3\4")], card, path)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_was_installed_is_loaded_where_no_model_is_named(tmp_path: Path, shelf: Path) -> None:
    assert Model.load(None, 1).path == SHIPPED
    file = model(tmp_path / "any-name.tflite", "2")
    name, result = install_model(file)
    assert name == f"site-2-{digest(file)[:8]}" and result.passed
    loaded = Model.load(None, 1)
    assert loaded.path == shelf / f"{name}.tflite" and loaded.card.version == "2"
    assert digest(loaded.path) == digest(file)
    assert Model.load("crack-s", 1).path == SHIPPED
    assert find_model("site-2") == find_model("site") == loaded.path


def test_going_back_leads_to_the_model_before_and_forth_again(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing to go back to"):
        roll_back()
    first, _ = install_model(model(tmp_path / "a.tflite", "1"))
    second, _ = install_model(model(tmp_path / "b.tflite", "2"))
    assert roll_back() == first
    assert Model.load(None, 1).path.stem == first
    assert roll_back() == second
    install_model(tmp_path / "b.tflite")  # the same again
    assert roll_back() == first
    assert use_model("crack-s") == "crack-s" and default_file() == "crack-s"
    assert Model.load(None, 1).path == SHIPPED
    assert roll_back() == first


SHIPPED_MODELS = "crack-m (for photographs), crack-s (for moving pictures)"


@pytest.mark.parametrize(
    ("use", "name"), [(ModelUse.PHOTOGRAPHS, "crack-m"), (ModelUse.MOVING_PICTURES, "crack-s")]
)
def test_each_use_has_a_shipped_model_until_a_user_chooses_one(
    tmp_path: Path, use: ModelUse, name: str
) -> None:
    assert find_model(None, use).stem == name
    chosen, _ = install_model(model(tmp_path / "a.tflite", "1"))
    assert find_model(None, use).stem == chosen
    assert [one.id for one in all_models() if one.default_for] == [chosen]
    assert find_model("crack-s", use).stem == "crack-s"


def test_the_first_step_back_leads_to_the_shipped_models(tmp_path: Path) -> None:
    install_model(model(tmp_path / "a.tflite", "1"))
    assert roll_back() == SHIPPED_MODELS
    assert find_model(None, ModelUse.PHOTOGRAPHS).stem == "crack-m"
    assert find_model(None, ModelUse.MOVING_PICTURES).stem == "crack-s"


def test_the_hash_beside_the_file_must_be_its_own(tmp_path: Path, shelf: Path) -> None:
    file = model(tmp_path / "a.tflite", "1")
    beside = tmp_path / "a.tflite.sha256"
    beside.write_text(f"{'0' * 64}  a.tflite\n")
    with pytest.raises(ModelError, match=r"is not what a\.tflite\.sha256 says"):
        install_model(file)
    beside.write_text("soon\n")
    with pytest.raises(ModelError, match="holds no SHA-256"):
        install_model(file)
    assert not shelf.exists()
    beside.write_text(f"{digest(file).upper()} *a.tflite\n")
    install_model(file)


NEVER = {"default": OperatingPoint(patch=1.1, cell=1.1)}
ALWAYS = {"default": OperatingPoint(patch=0.0, cell=0.0)}


@pytest.mark.parametrize("points", [NEVER, ALWAYS], ids=["never", "always"])
def test_a_model_that_cannot_tell_a_crack_from_none_is_not_installed(
    tmp_path: Path, shelf: Path, points: dict[str, OperatingPoint]
) -> None:
    kept, _ = install_model(model(tmp_path / "good.tflite", "1"))
    before = {path.name: path.read_bytes() for path in shelf.iterdir()}
    with pytest.raises(ModelError, match="fails the self-test and is not installed"):
        install_model(model(tmp_path / "bad.tflite", "2", operating_points=points))
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == before
    assert Model.load(None, 1).path.stem == kept


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no model file"),
        (b"no model at all", "carries no crackscan card"),
        (SHIPPED.read_bytes()[:90_000], "carries no crackscan card, or was cut short"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "x.tflite"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=told):
        install_model(file)


def test_an_installed_model_that_changed_on_the_disk_is_not_used(
    tmp_path: Path, shelf: Path
) -> None:
    name, _ = install_model(model(tmp_path / "a.tflite", "1"))
    file = shelf / f"{name}.tflite"
    data = bytearray(file.read_bytes())
    data[60_000] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"has changed on the disk.*rollback"):
        Model.load(None, 1)
    assert any(one.id == name for one in all_models())
    file.unlink()
    with pytest.raises(ModelError, match="is missing"):
        Model.load(None, 1)
    assert roll_back() == SHIPPED_MODELS
    assert Model.load(None, 1).path == SHIPPED


def test_a_damaged_choice_is_said_and_repaired_by_the_next_one(tmp_path: Path, shelf: Path) -> None:
    shelf.mkdir(parents=True)
    (shelf / "default.json").write_text('{"now": ')
    with pytest.raises(ModelError, match=r"default\.json is damaged"):
        Model.load(None, 1)
    install_model(model(tmp_path / "a.tflite", "1"))
    assert Model.load(None, 1).card.name == "site"


def test_a_beginning_that_fits_several_models_is_refused(tmp_path: Path) -> None:
    install_model(model(tmp_path / "a.tflite", "1"))
    install_model(model(tmp_path / "b.tflite", "2"))
    with pytest.raises(ModelError, match=r"'site' may be any of: site-1-.*, site-2-"):
        use_model("site")
    assert use_model("site-1").startswith("site-1-")
    with pytest.raises(ModelError, match="there is no model 'site-3'"):
        use_model("site-3")


def test_the_machines_model_counts_where_a_user_has_chosen_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    name, _ = install_model(model(tmp_path / "a.tflite", "1"))
    assert (tmp_path / "system" / f"{name}.tflite").is_file()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert Model.load(None, 1).path.stem == name
    with pytest.raises(ModelError, match="sudo crackscan model use"):
        use_model(name)
    own, _ = install_model(model(tmp_path / "b.tflite", "2"))
    assert Model.load(None, 1).path == tmp_path / "data/crackscan/models" / f"{own}.tflite"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert Model.load(None, 1).path.stem == name


TOGGLE = """
import sys
from pathlib import Path
from crackscan.edge.inference.model_store import Default, write_default
folder = Path(sys.argv[1])
print("go", flush=True)
while True:
    for name, digest in zip(sys.argv[2::2], sys.argv[3::2]):
        write_default(folder, Default(name, None, digest))
"""


def test_a_kill_at_any_instant_leaves_the_old_or_the_new_choice(
    tmp_path: Path, shelf: Path
) -> None:
    both = [install_model(model(tmp_path / f"{n}.tflite", str(n)))[0] for n in (1, 2)]
    hashes = [digest(shelf / f"{name}.tflite") for name in both]
    arguments = [part for pair in zip(both, hashes, strict=True) for part in pair]
    for number in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", TOGGLE, str(shelf), *arguments], stdout=subprocess.PIPE
        )
        assert child.stdout is not None and child.stdout.readline() == b"go\n"
        time.sleep(0.05 + 0.013 * number)
        child.kill()
        child.wait()
        child.stdout.close()
        found = default_file()
        assert isinstance(found, Path) and found.stem in both


def crackscan_model(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["model", *arguments])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_the_command_installs_lists_chooses_and_goes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = model(tmp_path / "a.tflite", "7")
    code, out, _ = crackscan_model(capsys, "install", str(file))
    name = f"site-7-{digest(file)[:8]}"
    assert code == 0 and out.startswith(f"{name} is the default now (self-test: a crack: ")
    _, out, _ = crackscan_model(capsys, "list")
    assert re.search(rf"^\* {name}  site 7  ", out, re.MULTILINE)
    assert re.search(r"^  crack-s .* shipped$", out, re.MULTILINE)
    _, out, _ = crackscan_model(capsys, "rollback")
    assert out == f"default now: {SHIPPED_MODELS}\n"
    _, out, _ = crackscan_model(capsys, "list", "--json")
    listed = {one["id"]: one for one in json.loads(out)}
    assert listed["crack-s"]["default"] and not listed[name]["default"]
    assert crackscan_model(capsys, "use", "site")[0] == 0
    code, _, err = crackscan_model(capsys, "use", "nothing")
    assert code == 1 and len(err.splitlines()) == 1 and name in err
