"""The recipe of the thin nets: what the student sees, what it dreams, and how it is marked."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from models.deepdream import whole_layer
from models.nets.googlenet import MIRRORED, GoogLeNet
from weights.train import features, natural_images
from weights.train.features import DREAMING, Correlation, Lessons, crops, distance
from weights.train.recipe import Checkpoint


@pytest.fixture(scope="module")
def lessons():
    torch.manual_seed(0)
    return Lessons(GoogLeNet())


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_crops_are_pictures_each_in_its_own_way():
    pictures = torch.randint(0, 256, (1, 3, 144, 144), dtype=torch.uint8, generator=generator()).expand(8, -1, -1, -1)
    cut = crops(pictures, generator())
    assert cut.shape == (8, 3, 112, 112)
    assert cut.min() >= 0
    assert cut.max() <= 1
    assert all((cut[0] - other).abs().mean() > 0.05 for other in cut[1:])
    assert torch.equal(cut, crops(pictures, generator()))


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
    monkeypatch.setattr(features, "DREAMED", (layer,))
    monkeypatch.setattr(features, "WAKING", 0)
    monkeypatch.setattr(features, "STEP", (0.2, 0.2))
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
    monkeypatch.setattr(features, "WAKING", 1.1)
    fresh = torch.rand(DREAMING, 3, 112, 112, generator=generator())
    assert (lessons.dream_on(fresh, generator()) - fresh).abs().mean() < 8 / 255


def test_lessons_teach_the_student_and_not_the_teacher(lessons):
    followed, labelled = lessons(torch.rand(3, 3, 64, 64), torch.tensor([1, 2]))
    (followed + labelled).backward()
    assert all(part.grad is not None for part in lessons.student.parameters())
    assert all(part.grad is None for part in lessons.teacher.parameters())
    assert set(MIRRORED) < set(features.FOLLOWED)


def test_interrupted_lessons_go_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    pictures = torch.randint(0, 256, (8, 3, 144, 144), dtype=torch.uint8, generator=generator())
    monkeypatch.setattr(features, "load_natural_images", lambda _: ((pictures, torch.arange(8)), None))
    monkeypatch.setattr(features, "teacher", GoogLeNet)
    for name, value in {"BATCH": 4, "DREAMING": 2, "DREAMS": 6}.items():
        monkeypatch.setattr(features, name, value)

    def train(name):
        return features.train(None, Checkpoint(tmp_path / name), torch.device("cpu"), epochs=2, seed=0)

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
    sha256 = natural_images.hashlib.sha256((tmp_path / "few.zip").read_bytes()).hexdigest()
    pictures, kinds = zip(*natural_images.read(tmp_path / "few.zip", sha256), strict=True)
    assert kinds == ("n1", "n2")
    assert [round(float(picture.mean()), -1) for picture in pictures] == [100, 200]


def test_other_archives_are_refused(tmp_path):
    (tmp_path / "few.zip").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"few.zip must have sha256 0000, got"):
        list(natural_images.read(tmp_path / "few.zip", "0000"))
    with pytest.raises(ValueError, match=r"--data must be the folder that holds none.zip"):
        list(natural_images.read(tmp_path / "none.zip", "0000"))
