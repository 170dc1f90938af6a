"""The recipe of the thin nets: what the student sees, what it dreams, and how it is marked."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import squeezenet1_1

from models.deepdream import whole_layer
from models.images import to_tensor
from models.nets.googlenet import MIRRORED, GoogLeNet
from models.nets.vgg import THIN_WIDTHS, VGG19, WIDTHS
from weights import WeightsError
from weights.train import features, googlenet_lessons, natural_images, vgg19_lessons
from weights.train.features import crops
from weights.train.googlenet_lessons import DREAMING, Correlation, Lessons, distance
from weights.train.recipe import Checkpoint


def untrained_teacher():
    return GoogLeNet().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def lessons():
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(googlenet_lessons, "teacher", untrained_teacher)
        return Lessons()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_crops_are_pictures_each_in_its_own_way():
    pictures = torch.randint(0, 256, (1, 3, 144, 144), dtype=torch.uint8, generator=generator()).expand(8, -1, -1, -1)
    cut = crops(pictures, 112, generator())
    assert cut.shape == (8, 3, 112, 112)
    assert cut.min() >= 0
    assert cut.max() <= 1
    assert all((cut[0] - other).abs().mean() > 0.05 for other in cut[1:])
    assert torch.equal(cut, crops(pictures, 112, generator()))


def test_distance_counts_every_channel_in_its_own_unit():
    truth = torch.rand(2, 4, 5, 5, generator=generator())
    answer = truth + 0.1 * truth.square().mean(dim=(0, 2, 3), keepdim=True).sqrt()
    assert distance(truth, truth) == 0
    assert distance(answer, truth).item() == pytest.approx(0.01, rel=0.05)
    loud = torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1, 1)
    assert distance(loud * answer, loud * truth).item() == pytest.approx(distance(answer, truth).item(), rel=0.05)


def test_correlation_is_numpys():
    answers, truths = (torch.randn(3, 6, 4, 5, 5, generator=generator(seed)).relu() for seed in (1, 2))
    truths = truths + answers
    total = Correlation()
    for answer, truth in zip(answers, truths, strict=True):
        total.add(answer, truth)
    channels = zip(*(part.permute(2, 0, 1, 3, 4).flatten(1).numpy() for part in (answers, truths)), strict=True)
    assert total.mean() == pytest.approx(np.mean([np.corrcoef(a, t)[0, 1] for a, t in channels]))


def test_silent_student_gets_no_credit_and_silent_teacher_asks_for_none():
    answer, truth = torch.rand(1, 3, 4, 4, generator=generator()), torch.rand(1, 3, 4, 4, generator=generator(1))
    answer[:, 0], truth[:, 1], answer[:, 2] = 0, 0, truth[:, 2]
    total = Correlation()
    total.add(answer, truth)
    assert total.mean() == pytest.approx((0 + 1) / 2)


def test_dreams_go_on_where_they_were_and_excite_the_student_more(lessons, monkeypatch):
    layer = "inception_3a/output"
    monkeypatch.setattr(googlenet_lessons, "DREAMED", (layer,))
    monkeypatch.setattr(googlenet_lessons, "WAKING", 0)
    monkeypatch.setattr(googlenet_lessons, "STEP", (0.2, 0.2))
    fresh, before = torch.rand(DREAMING, 3, 112, 112), lessons.dreams[DREAMING : 2 * DREAMING].clone()
    after = lessons.dream_on(fresh, generator())
    assert torch.equal(after, lessons.dreams[:DREAMING])
    assert (after - before).abs().mean() == pytest.approx(0.2 / 255, rel=0.2)
    lessons.student.eval()
    with torch.no_grad():
        excited = [whole_layer(lessons.activation(part, layer)) for part in (before, after)]
    lessons.student.train()
    assert excited[1] > excited[0]


def test_dreams_that_end_begin_again_from_new_pictures(lessons, monkeypatch):
    monkeypatch.setattr(googlenet_lessons, "WAKING", 1.1)
    fresh = torch.rand(DREAMING, 3, 112, 112, generator=generator())
    assert (lessons.dream_on(fresh, generator()) - fresh).abs().mean() < 8 / 255


def test_lessons_teach_the_student_and_not_the_teacher(lessons):
    fresh = torch.rand(DREAMING, 3, 112, 112, generator=generator())
    sum(lessons(fresh, torch.arange(DREAMING) % 20, generator()).values()).backward()
    assert all(part.grad is not None for part in lessons.student.parameters())
    assert all(part.grad is None for part in lessons.teacher.parameters())
    assert set(MIRRORED) < set(googlenet_lessons.FOLLOWED)


def test_interrupted_lessons_go_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    pictures = torch.randint(0, 256, (8, 3, 144, 144), dtype=torch.uint8, generator=generator())
    monkeypatch.setattr(features, "load_natural_images", lambda _: ((pictures, torch.arange(8)), None))
    monkeypatch.setattr(googlenet_lessons, "teacher", untrained_teacher)
    monkeypatch.setattr(features, "BATCH", 4)
    for name, value in {"DREAMING": 2, "DREAMS": 6}.items():
        monkeypatch.setattr(googlenet_lessons, name, value)

    def train(name):
        torch.manual_seed(0)
        return features.train(Lessons(), None, Checkpoint(tmp_path / name), torch.device("cpu"), epochs=2, seed=0)

    def save_and_stop(checkpoint, *given, save=Checkpoint.save):
        save(checkpoint, *given)
        raise KeyboardInterrupt

    whole = train("whole.pt")
    with monkeypatch.context() as interrupting:
        interrupting.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train("interrupted.pt")
    resumed = train("interrupted.pt")
    for part, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(part, other)


def test_pictures_of_an_archive_come_in_order_with_their_classes(tmp_path):
    with zipfile.ZipFile(tmp_path / "few.zip", "w") as archive:
        for name, grey in [("n2/b.webp", 200), ("n1/a.webp", 100)]:
            content = io.BytesIO()
            Image.new("RGB", (144, 144), (grey, grey, grey)).save(content, "WEBP")
            archive.writestr(name, content.getvalue())
    sha256 = hashlib.sha256((tmp_path / "few.zip").read_bytes()).hexdigest()
    pictures, kinds = zip(*natural_images.read(tmp_path / "few.zip", sha256), strict=True)
    assert kinds == ("n1", "n2")
    assert [round(float(picture.mean()), -1) for picture in pictures] == [100, 200]


def test_other_archives_are_refused(tmp_path):
    (tmp_path / "few.zip").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"few.zip must have sha256 0000, got"):
        list(natural_images.read(tmp_path / "few.zip", "0000"))
    with pytest.raises(ValueError, match=r"--data must be the folder that holds none.zip"):
        list(natural_images.read(tmp_path / "none.zip", "0000"))


# --- the thin VGG-19 -------------------------------------------------------------------------------------


@pytest.fixture
def style_lessons(monkeypatch):
    """The lessons with teachers that know nothing."""
    torch.manual_seed(0)

    def untrained(widths, deepest="conv5_1"):
        return vgg19_lessons.prepared(VGG19(widths, deepest))

    monkeypatch.setattr(vgg19_lessons, "distilled", lambda: untrained(THIN_WIDTHS))
    monkeypatch.setattr(vgg19_lessons, "real", lambda: untrained(WIDTHS, "conv3_1"))
    monkeypatch.setattr(vgg19_lessons, "squeezenet", lambda: squeezenet1_1().features.eval().requires_grad_(False))
    return vgg19_lessons.Lessons()


def test_thin_vgg_learns_from_all_its_teachers_and_they_do_not(style_lessons, monkeypatch):
    monkeypatch.setattr(vgg19_lessons, "REAL_EVERY", 1)
    fresh = torch.rand(4, 3, 96, 96, generator=generator())
    losses = style_lessons(fresh, torch.arange(4), generator())
    assert set(losses) == {"followed", "things", "labelled"}
    sum(losses.values()).backward()
    learning = {name for name, part in style_lessons.named_parameters() if part.grad is not None}
    assert {name.split(".")[0] for name in learning} == {"student", "classify", "projections", "things"}


def test_real_vgg_is_asked_now_and_then(style_lessons, monkeypatch):
    asked = []
    style_lessons.real.register_forward_hook(lambda *_: asked.append(1))
    random = generator()
    for _ in range(40):
        monkeypatch.setattr(style_lessons, "compared", lambda *_: torch.zeros(()))
        style_lessons(torch.rand(1, 3, 32, 32), torch.zeros(1, dtype=torch.long), random)
    assert 1 <= len(asked) <= 12


def test_some_pictures_are_on_their_way_from_noise():
    pictures = torch.full((30, 3, 8, 8), 0.5)
    seen = vgg19_lessons.noisy(pictures, generator())
    spread = seen.std(dim=(1, 2, 3))
    assert (spread[: vgg19_lessons.NOISY] > 0).all()
    assert torch.equal(seen[vgg19_lessons.NOISY :], pictures[vgg19_lessons.NOISY :])


def test_graduate_answers_as_the_student_in_balanced_units(style_lessons, monkeypatch):
    monkeypatch.setattr(vgg19_lessons, "BALANCED_ON", 4)
    pictures = torch.randint(0, 256, (8, 3, 64, 64), dtype=torch.uint8, generator=generator())
    style_lessons.student(pictures.float() / 255, ("relu5_1",))  # gives the normalisations something to remember
    net = style_lessons.graduate(pictures)
    seen = pictures[::2].float() / 255
    theirs, ours = (each.eval()(seen, ("relu3_2",))["relu3_2"] for each in (style_lessons.student, net))
    units = theirs.mean(dim=(0, 2, 3)) / ours.mean(dim=(0, 2, 3)).clamp_min(1e-12)
    assert torch.allclose(ours * units.view(1, -1, 1, 1), theirs, atol=1e-3 * theirs.max().item())


def test_colour_layer_goes_into_the_first_filters():
    torch.manual_seed(0)
    net, colours, offset = VGG19(THIN_WIDTHS, "conv1_1"), torch.rand(3, 3), torch.rand(3)
    seen = torch.rand(1, 3, 12, 12)
    mixed = torch.einsum("ij,bjhw->bihw", colours, seen) + offset.view(1, 3, 1, 1)
    expected = torch.nn.functional.conv2d(mixed, net.features[0].weight, net.features[0].bias)
    vgg19_lessons.recoloured(net, colours, offset)
    assert torch.allclose(net(seen, ("conv1_1",))["conv1_1"][..., 1:-1, 1:-1], expected, atol=1e-5)


def test_agreement_is_numpys_correlation_of_distances():
    here, there = torch.randn(2, 12, 30, generator=generator())
    there = there + here
    pairs = [(i, j) for i in range(12) for j in range(i + 1, 12)]
    distances = [[np.linalg.norm(each[i] - each[j]) for i, j in pairs] for each in (here.numpy(), there.numpy())]
    assert vgg19_lessons.agreement(here, there) == pytest.approx(np.corrcoef(*distances)[0, 1], rel=1e-4)


def test_real_teachers_answer_as_they_should(nets_data, monkeypatch):
    monkeypatch.setenv("WEIGHTS_DIR", str(nets_data / "weights"))
    with Image.open(nets_data / "data" / "test_images" / "dog.jpg") as dog:
        seen = to_tensor(dog.resize((192, 144)))
    real, distilled = vgg19_lessons.real(), vgg19_lessons.distilled()
    layers = vgg19_lessons.STYLE_LAYERS
    means = [said.mean().item() for said in real(seen, layers[:3]).values()]
    assert all(0.4 < mean < 2 for mean in means)  # balanced by Gatys to 1 on natural pictures
    assert set(distilled(seen, layers)) == set(layers)
    things = vgg19_lessons.squeezenet()((seen - real.mean) / real.std)
    assert things.shape[1] == 512


def test_teachers_are_refused_where_they_are_not(monkeypatch):
    monkeypatch.delenv("WEIGHTS_DIR", raising=False)
    with pytest.raises(WeightsError, match="no weights for wct_encoder"):
        vgg19_lessons.distilled()
