"""What is published runs by itself: the folder of a Space, the container, the server before it; ZeroGPU's rules."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi, SpaceCard

from demos.serving.doors import MOST_BYTES
from deploy import space
from tests.mirror import Hub, HubHandler
from weights import WeightsError
from weights.manifest import CAPSNET, VGG19, WEIGHTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
NGINX = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
STAND_IN = ROOT / "tests" / "serving" / "fake_spaces"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "space"
    space.build(folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """A copy of the repository, as links, for a test to damage."""
    root = tmp_path / "tree"
    skipped = shutil.ignore_patterns(".*", "__pycache__", "tests", "runs", "build")
    shutil.copytree(ROOT, root, ignore=skipped, copy_function=os.symlink)
    monkeypatch.setattr(space, "ROOT", root)
    return root


# --- the folder -----------------------------------------------------------------------------------


def test_the_space_holds_what_the_app_needs_and_no_more(built):
    files = set(contents(built))
    assert {"app.py", "demos/look/house.css", "demos/widgets/mast.js", "models/nets/yolox.py"} <= files
    assert {f"weights/embedded/{weights.embedded.path}" for weights in WEIGHTS if weights.embedded} <= files
    assert {file.split("/")[0] for file in files} == {
        *("app.py", "demos", "models", "weights"),
        *("LICENSE", "README.md", "requirements.txt", "docs"),
    }
    assert not [file for file in files if file.startswith("weights/train/") or file.endswith(".pyc")]


def test_the_spaces_files_are_the_repositorys(built):
    for name, content in contents(built).items():
        assert name == "README.md" or content == (ROOT / name).read_bytes(), name


BUILDS = """
import sys, app
app.build()
ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("app", "demos", "models", "weights")]
print(*(module.__file__ for module in ours), sep="\\n")
"""


def test_the_page_is_built_from_inside_the_space_with_nothing_else(built):
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(built.parent), "HF_HUB_OFFLINE": "1"}
    surroundings |= {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", BUILDS]
    told = subprocess.run(command, cwd=built, env=surroundings, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    modules = told.stdout.split()
    assert len(modules) > 20
    assert all(Path(module).is_relative_to(built) for module in modules)


def test_building_again_gives_the_same_bytes_and_leaves_nothing_stale(built, tmp_path):
    folder = tmp_path / "space"
    space.build(folder)
    (folder / "__pycache__").mkdir()
    (folder / "demos" / "gone.py").write_text("gone")
    space.build(folder)
    assert contents(folder) == contents(built)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"new, empty or an earlier build.*thesis\.tex"):
        space.build(tmp_path)
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}
    with pytest.raises(ValueError, match="earlier build"):
        space.build(ROOT)


# --- what it promises the Hub ---------------------------------------------------------------------


def test_the_front_matter_asks_for_every_file_that_the_manifest_has_on_the_hub(built):
    front = SpaceCard.load(built / "README.md").data
    for hub in filter(None, (weights.hub for weights in WEIGHTS)):
        commit = "" if hub.commit == "main" else f" {hub.commit}"
        assert any(re.fullmatch(rf"{hub.repo} (.*,)?{hub.path}(,.*)?{commit}", line) for line in front.preload_from_hub)
        assert hub.repo in front.models


def test_the_rest_of_the_front_matter_and_all_text_are_the_readmes(built):
    ours, theirs = SpaceCard(README), SpaceCard.load(built / "README.md")
    assert theirs.text == ours.text
    derived = {"models", "preload_from_hub"}
    told = {name: value for name, value in ours.data.to_dict().items() if name not in derived}
    assert {name: value for name, value in theirs.data.to_dict().items() if name not in derived} == told


def test_files_of_one_repository_share_a_line():
    other = replace(VGG19, hub=replace(VGG19.hub, path="config.json"))
    assert space.preloaded([CAPSNET, VGG19, other]) == [
        f"timm/vgg19.tv_in1k model.safetensors,config.json {VGG19.hub.commit}"
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sdk", "static"),
        ("sdk_version", "'6.31'"),
        ("python_version", "'3.11'"),
        ("app_file", "main.py"),
        ("short_description", "very " * 13),
        ("suggested_hardware", "cpu-basic"),
    ],
)
def test_front_matter_that_suits_no_space_is_refused(name, told):
    changed = re.sub(rf"(?m)^{name}:.*", f"{name}: {told}", README, count=1)
    with pytest.raises(ValueError, match=f"{name} in README.md's front matter must match"):
        space.card(changed)
    with pytest.raises(ValueError, match=f"{name} in README.md's front matter must match"):
        space.card(re.sub(rf"(?m)^{name}:.*\n", "", README, count=1))


def test_damaged_weights_are_not_published(tree, tmp_path):
    file = tree / "weights" / "embedded" / CAPSNET.embedded.path
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"capsnet\.safetensors must have sha256 {CAPSNET.embedded.sha256}"):
        space.build(tmp_path / "space")
    assert not (tmp_path / "space").exists()


def test_missing_weights_are_named(tree, tmp_path):
    (tree / "weights" / "embedded" / CAPSNET.embedded.path).unlink()
    with pytest.raises(WeightsError, match=r"capsnet\.safetensors is missing"):
        space.build(tmp_path / "space")


# --- the upload -----------------------------------------------------------------------------------


class SpaceHandler(HubHandler):
    """Answers for Spaces as for models, and tells and forgets files too."""

    def parse_request(self) -> bool:
        understood = super().parse_request()
        self.path = self.path.replace("/api/spaces/", "/api/models/").removeprefix("/spaces")
        return understood

    def answer(self, with_body: bool) -> None:
        if "/tree/main" not in self.path:
            return super().answer(with_body)
        files = [{"type": "file", "path": path, "oid": "0", "size": 0} for path in self.mirror.commits[-1]]
        return self.reply(200, {"Content-Type": "application/json"}, json.dumps(files).encode())

    def create(self, body: bytes) -> dict:
        self.mirror.asked = json.loads(body)
        return super().create(body)

    def commit(self, body: bytes) -> dict:
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "deletedFile":
                del self.mirror.commits[-1][line["value"]["path"]]
        return super().commit(body)


class SpaceHub(Hub):
    """A Hub that has a Space from earlier."""

    def __init__(self, mood: str = "well") -> None:
        super().__init__(mood)
        self.asked: dict = {}  # how it was to be made
        self.commits.append({".gitattributes": b"*.safetensors filter=lfs", "demos/gone.py": b"gone"})

    def handler(self) -> type[HubHandler]:
        return SpaceHandler


def test_the_hub_then_holds_what_the_folder_holds_and_nothing_stale(tmp_path):
    with SpaceHub() as hub:
        command = [sys.executable, "-m", "deploy.space", "--folder", str(tmp_path / "space"), "--repo", Hub.REPO]
        surroundings = hub.environment(tmp_path) | {"HF_TOKEN": Hub.TOKEN}
        told = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=120)
        assert told.returncode == 0, told.stderr
        assert hub.endpoint in told.stdout.splitlines()[-1]
        assert (hub.asked["type"], hub.asked["sdk"], hub.asked["hardware"]) == ("space", "gradio", "zero-a10g")
        held = dict(hub.commits[-1])
        assert held.pop(".gitattributes")
        assert held == contents(tmp_path / "space")


@pytest.fixture
def refusal(tmp_path, monkeypatch) -> Callable[[Hub, str], str]:
    """What is said instead of uploading to a hub with a token."""

    def upload(hub: Hub, token: str) -> str:
        monkeypatch.setattr(space, "HfApi", lambda: HfApi(endpoint=hub.endpoint, token=token))
        monkeypatch.setattr(space, "get_token", lambda: token)
        with pytest.raises(SystemExit) as refused:
            space.main(["--repo", Hub.REPO, "--folder", str(tmp_path / "space")])
        return str(refused.value)

    return upload


@pytest.mark.parametrize(
    ("mood", "token", "reason"),
    [
        ("well", "", "no token of the Hub is at hand"),
        ("well", "hf_of_somebody_else", "Invalid credentials"),
        ("forbidding", Hub.TOKEN, "this token may not write"),
    ],
)
def test_who_may_not_write_is_told_so(mood, token, reason, refusal):
    with SpaceHub(mood) as hub:
        told = refusal(hub, token)
        assert told.startswith("Nothing was uploaded: ")
        assert reason in told
        assert len(hub.commits) == 1


def test_a_hub_that_does_not_answer_is_named_before_anything_is_built(refusal, tmp_path):
    with SpaceHub() as hub:
        pass
    assert refusal(hub, Hub.TOKEN) == "Nothing was uploaded: the Hub could not be reached"
    assert not (tmp_path / "space").exists()


@pytest.mark.parametrize("repo", ["nets", "someone/nets/more", "some one/nets", "someone/-nets", "someone/a..b"])
def test_a_bad_name_is_refused_before_anything_is_built(repo, tmp_path, capsys):
    with pytest.raises(SystemExit):
        space.main(["--repo", repo, "--folder", str(tmp_path / "space")])
    assert "argument --repo: " in capsys.readouterr().err
    assert not (tmp_path / "space").exists()


# --- the container --------------------------------------------------------------------------------


def instructions(name: str) -> list[str]:
    """What the Dockerfile says by one kind of instruction, its continued lines joined."""
    lines = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE).replace("\\\n", " ").splitlines()
    return [" ".join(line.split()[1:]) for line in lines if line.startswith(f"{name} ")]


def test_the_containers_base_is_pinned_and_has_cuda():
    assert [re.fullmatch(r"nvidia/cuda:\d+\.\d+\.\d+-\w+-ubuntu24\.04", base) for base in instructions("FROM")] != [
        None
    ]


def test_the_container_runs_the_app_as_nobody_in_particular():
    last = DOCKERFILE.index("\nUSER nets\n")
    assert re.search(r"useradd .*--uid [1-9]\d+ .*nets\b", DOCKERFILE[:last])
    assert instructions("USER") == ["nets"]
    assert last < DOCKERFILE.index("\nENTRYPOINT")
    assert instructions("ENTRYPOINT") == ['["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]']


def test_the_containers_health_is_the_apps():
    [check] = instructions("HEALTHCHECK")
    assert "http://127.0.0.1:7860/health" in check
    assert instructions("EXPOSE") == ["7860"]


def test_the_containers_weights_outlive_it():
    assert instructions("VOLUME") == ["/cache"]
    assert any(
        "HF_HOME=/cache/huggingface" in line and "TORCH_HOME=/cache/torch" in line for line in instructions("ENV")
    )


def test_the_container_gets_all_that_the_app_imports():
    copied = {part for line in instructions("COPY") for part in line.split()[:-1]}
    for file in space.imported(Path("app.py")):
        assert file.parts[0] in copied, file
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in let_in if line.startswith("!")} == copied


def engine() -> str:
    """A container engine that runs here, or the reason to skip."""
    for name in filter(shutil.which, ("docker", "podman")):
        if subprocess.run([name, "info"], capture_output=True, timeout=30).returncode == 0:
            return name
    pytest.skip("no docker or podman runs here")


@pytest.mark.slow
def test_the_container_can_be_built():
    command = [engine(), "build", "--file", "deploy/Dockerfile", "--tag", "classic-nets:test", "."]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert built.returncode == 0, built.stderr[-2000:]


# --- nginx ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "directive",
    [
        "proxy_buffering off;",
        "proxy_read_timeout 1h;",
        "proxy_set_header Host $host;",
        "proxy_set_header X-Forwarded-Host $http_host;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_pass http://classic_nets;",
    ],
)
def test_nginx_passes_on_frames_and_names(directive):
    assert re.search(rf"^\s*{re.escape(directive)}", NGINX, re.MULTILINE)


def test_nginx_lets_in_all_that_the_app_takes():
    [megabytes] = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert MOST_BYTES <= int(megabytes) * 2**20 <= 2 * MOST_BYTES


def test_nginx_never_compresses_events():
    [types] = re.findall(r"gzip_types ([^;]+);", NGINX)
    assert "text/event-stream" not in types


def test_nginx_understands_its_configuration(tmp_path):
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        pytest.skip("no nginx is here")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    whole = f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {folders} include {ROOT}/deploy/nginx.conf; }}"
    (tmp_path / "nginx.conf").write_text(whole)
    command = [nginx, "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert told.returncode == 0, told.stderr


# --- the stand-in for ZeroGPU ---------------------------------------------------------------------

FUNCTIONS = """
import json, sys, time
import spaces, gradio as gr, torch
net = torch.nn.Linear(2, 2)
def given(x): return x
def moves(): net.to("cpu")
def loads(): net.load_state_dict(net.state_dict())
def graph(): return net(torch.ones(1, 2))
def slow(): time.sleep(0.3)
def words(): raise gr.Error("come back later")
def bug(): raise ValueError("what a visitor wrote")
def frames():
    for number in range(3): yield {"number": number, "picture": torch.zeros(3).numpy()}
async def later(): pass
def answer(call):
    try: return str(eval(call))
    except Exception as error: return str(error)
json.dump({call: answer(call) for call in sys.argv[1:]}, sys.stdout)
"""
TOO_LONG = "duration must be above 0 and at most 120 seconds, got"
STAYS = "a net is loaded or moved inside a decorated call: do it before, where it happens once"
TOLD = {
    "gr.Blocks().launch()": "at least one function must be decorated with spaces.GPU before launch",
    "spaces.GPU(given)(7)": "7",
    "[frame['number'] for frame in spaces.GPU(frames, duration=5)()]": "[0, 1, 2]",
    "spaces.GPU(given, duration=lambda x: x)(3)": "3",
    "spaces.GPU(given, duration=lambda x: x)(121)": f"{TOO_LONG} 121",
    "spaces.GPU(duration=600)(given)": f"{TOO_LONG} 600",
    "spaces.GPU(slow, duration=0.1)()": "slow asked for 0.1 s and takes longer: it may be aborted",
    "spaces.GPU(later)": "later must be a function or a generator, and is asynchronous",
    "spaces.GPU(moves)()": STAYS,
    "spaces.GPU(loads)()": STAYS,
    "spaces.GPU(given)(net)": "what given is given must hold no net: its weights would be copied at each call",
    "spaces.GPU(graph)()": "what graph gives back must be plain, NumPy's, or detached tensors on the CPU",
    "spaces.GPU(words)()": "'come back later'",
    "spaces.GPU(bug)()": "'ValueError'",
}


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What each of these calls gives back or raises where the stand-in is."""
    command = [sys.executable, "-c", FUNCTIONS, *TOLD]
    surroundings = os.environ | {"PYTHONPATH": str(STAND_IN), "SPACES_ZERO_GPU": "true"}
    told = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.mark.parametrize("call", TOLD)
def test_the_stand_in_holds_to_zero_gpus_rules(call, said):
    assert said[call] == TOLD[call]


def test_the_stand_in_must_come_before_torch():
    command = [sys.executable, "-c", "import torch, spaces"]
    surroundings = os.environ | {"PYTHONPATH": str(STAND_IN)}
    told = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
    assert "spaces must be imported before torch" in told.stderr
