"""The InfoGAN: its nets against the paper, its codes against what is measured, its figures, walks, and answers."""

import asyncio
import base64
import io
import math

import av
import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from scipy.stats import entropy, spearmanr

from demos import infogan_answers as answers
from demos.infogan import progress, show_redrawn
from models import infogan
from models.digits import NATURAL_SPREAD, measure, prepare_drawing
from models.infogan import Codes, InfoGANParams
from models.nets.infogan import Discriminator, Generator, latent, mutual_information
from models.nets.judge import Judge
from models.once import trained
from models.strokes import ready_digits
from tests.turns import answered
from weights.manifest import INFOGAN
from weights.train import infogan as recipe
from weights.train.mnist import load_mnist

# Of the picture that the tab opens with.
GOLDEN_ROWS, GOLDEN_COLUMNS = [6, 6, 6, 8, 8, 10, 12], [8, 14, 18, 10, 18, 8, 16]
GOLDEN_LEVELS = [0.696, 0.922, 0.938, 0.212, 0.828, 0.266, 0.432]


@pytest.fixture(scope="module")
def nets():
    return infogan.load()[0]


def judged(nets, pictures: torch.Tensor) -> torch.Tensor:
    """The digits that the judge reads in pictures (N, 28, 28)."""
    with torch.inference_mode():
        return nets.judge(pictures.unsqueeze(1)).argmax(dim=1)


# --- the nets -------------------------------------------------------------------------------------


def test_generator_turns_74_numbers_into_a_picture():
    pictures = Generator()(torch.randn(3, 74))
    assert pictures.shape == (3, 1, 28, 28)
    assert 0 <= pictures.min() <= pictures.max() <= 1


def test_d_and_q_share_their_body():
    net = Discriminator()
    told, category_logits, styles = net(torch.rand(3, 1, 28, 28))
    assert (told.shape, category_logits.shape, styles.shape) == ((3,), (3, 10), (3, 2))
    for output in (told, category_logits, styles):
        net.zero_grad()
        output.sum().backward(retain_graph=True)
        assert net.maps[0].weight.grad.abs().sum() > 0


def test_latent_is_noise_then_c1_then_styles():
    made = latent(torch.full((1, 62), 0.5), torch.tensor([3]), torch.tensor([[-1.0, 1.0]]))
    assert torch.equal(made[0, :62], torch.full((62,), 0.5))
    assert made[0, 62:72].argmax() == 3
    assert made[0, 72:].tolist() == [-1, 1]


def test_information_is_all_when_q_is_sure_and_nothing_when_it_guesses():
    categories = torch.arange(10)
    assert mutual_information(1000 * torch.eye(10), categories).item() == pytest.approx(math.log(10), abs=1e-5)
    assert mutual_information(torch.zeros(10, 10), categories).item() == pytest.approx(0, abs=1e-6)


def test_judge_is_as_small_as_it_says():
    assert sum(parameter.numel() for parameter in Judge().parameters()) == 54_890


# --- the recipe -----------------------------------------------------------------------------------


@pytest.fixture
def toy_run(tmp_path, monkeypatch):
    """A run on its own folder, on pictures of nothing in particular."""
    monkeypatch.setattr(recipe, "RUNS", tmp_path)
    return lambda information=1.0: recipe.Run(0, information, 2, torch.device("cpu"))


@pytest.fixture(scope="module")
def pictures():
    """256 digits, 16 different ones, as MNIST has them."""
    drawn = torch.cat([prepare_drawing(ready.drawing) for ready in ready_digits()])
    return (255 * drawn).byte().repeat(16, 1, 1, 1)


def test_a_few_steps_let_q_read_more(toy_run, pictures):
    run = toy_run()
    nats = [recipe.step(run, pictures[:128].float() / 255) for _ in range(12)]
    assert np.mean(nats[-3:]) > np.mean(nats[:3]) + 0.1


def test_twin_begins_as_the_same_nets_and_its_body_learns_nothing_of_the_codes(toy_run, pictures, monkeypatch):
    run, twin, deaf = toy_run(), toy_run(0.0), toy_run(0.0)
    for part, other in zip(run.generator.parameters(), twin.generator.parameters(), strict=True):
        assert torch.equal(part, other)
    recipe.step(run, pictures[:128].float() / 255)
    recipe.step(twin, pictures[:128].float() / 255)
    monkeypatch.setattr(recipe, "codes_loss", lambda logits, *_: 0 * logits.sum())
    recipe.step(deaf, pictures[:128].float() / 255)
    body, heard, silent = (each.discriminator.maps[0].weight for each in (twin, run, deaf))
    assert torch.equal(body, silent)
    assert not torch.equal(body, heard)
    assert torch.equal(twin.generator.dense[0].weight, deaf.generator.dense[0].weight)
    assert not torch.equal(twin.discriminator.codes[-1].weight, deaf.discriminator.codes[-1].weight)


def test_interrupted_run_goes_on_as_if_nothing_had_happened(toy_run, pictures, monkeypatch):
    whole = toy_run()
    whole.proceed(pictures, 2)
    whole.checkpoint(2).path.unlink()
    steps = iter([recipe.step] * 3)
    with monkeypatch.context() as interrupting:
        interrupting.setattr(recipe, "step", lambda *given, step=recipe.step: (next(steps), step(*given))[1])
        with pytest.raises(StopIteration):  # in the second epoch of two, of two steps each
            toy_run().proceed(pictures, 2)
    resumed = toy_run()
    assert resumed.checkpoint(2).path.exists()
    resumed.proceed(pictures, 2)
    assert torch.equal(resumed.generator.dense[0].weight, whole.generator.dense[0].weight)
    assert torch.equal(resumed.progress.nats, whole.progress.nats)


def test_race_is_kept_while_its_winner_goes_on(toy_run, pictures):
    whole, winner = toy_run(), toy_run()
    whole.proceed(pictures, 2)
    whole.checkpoint(2).path.unlink()
    winner.proceed(pictures, 1)
    winner.proceed(pictures, 2)
    assert torch.equal(winner.generator.dense[0].weight, whole.generator.dense[0].weight)
    again = toy_run()
    again.proceed(pictures, 1)
    assert again.done == 1


def test_moved_digits_stay_near_their_place():
    square = torch.zeros(200, 1, 28, 28)
    square[:, :, 10:18, 10:18] = 1
    moved = recipe.move(square, torch.Generator().manual_seed(0))
    properties = measure(moved[:, 0])
    assert (properties[:, 4:] - 13.5).abs().max() < 2
    assert moved.sum(dim=(1, 2, 3)).std() > 1


def test_agreement_is_the_information_two_readings_share():
    sure = torch.eye(10).repeat(5, 1)
    assert recipe.agreement(sure, sure).item() == pytest.approx(math.log(10), abs=2e-3)
    assert recipe.agreement(sure, torch.full((50, 10), 0.1)).item() == pytest.approx(0, abs=1e-3)


def test_matching_finds_the_permutation():
    rows = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    table = torch.ones(10, 10)
    table[rows, torch.arange(10)] = 9
    assert torch.equal(recipe.match(table), rows)
    assert recipe.matched_percent(table) == pytest.approx(50)


def test_information_of_a_table_is_its_entropies_surplus():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(10, (500,), generator=generator)
    columns = (rows + torch.randint(3, (500,), generator=generator)) % 10
    table = recipe.contingency(rows, columns)
    expected = entropy(table.sum(0)) + entropy(table.sum(1)) - entropy(table.flatten())
    assert recipe.information_nats(table) == pytest.approx(expected, abs=1e-5)


@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_correlation_is_taken_within_a_category():
    generator = torch.Generator().manual_seed(0)
    categories = torch.arange(10).repeat(40)
    styles = 2 * torch.rand(400, 2, generator=generator) - 1
    pictures = torch.zeros(400, 1, 28, 28)
    for picture, category, (style, _) in zip(pictures[:, 0], categories.tolist(), styles.tolist(), strict=True):
        # Thicker with the style, and thinner from category to category.
        picture[4:24, 14 : 14 + round(14 - category + 2 * style)] = 1
    found = recipe.spearman(styles, pictures, categories)
    thickness = list(NATURAL_SPREAD).index("thickness")
    assert found.shape == (2, 6)
    assert found[0, thickness] > 0.8
    assert found[1].abs().max() < 0.3


@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_nothing_correlates_with_pictures_that_never_vary():
    styles = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(
        recipe.spearman(styles, torch.zeros(40, 1, 28, 28), torch.arange(10).repeat(4)), torch.zeros(2, 6)
    )


def test_each_style_has_a_property_of_its_own():
    correlations = torch.tensor([[0.1, 0.9, 0.2, 1.0, 0.0, 0.0], [0.6, -0.8, 0.1, 0.0, 1.0, 0.0]])
    assert infogan.own_properties(correlations).tolist() == [1, 0]


def test_too_short_a_training_is_refused(nets_data):
    with pytest.raises(ValueError, match="epochs must be at least 14, got 2"):
        recipe.train(nets_data / "data" / "mnist", torch.device("cpu"), 2, 0)


@pytest.fixture
def as_trained():
    """The nets as they left training, nothing folded, each time anew."""
    return lambda: trained(recipe.Trained(), INFOGAN)[0]


def test_turning_a_style_round_changes_no_picture(as_trained):
    nets, turned = as_trained(), as_trained()
    recipe.sign_styles(turned, torch.tensor([-1.0, 1.0]))
    noise, c1 = infogan.noise_of(3), infogan.one_hot(nets, torch.tensor([5]))
    before = infogan.generate(nets.generator, noise, c1, torch.tensor([0.3, -0.8]))
    after = infogan.generate(turned.generator, noise, c1, torch.tensor([-0.3, -0.8]))
    assert torch.allclose(before, after, atol=1e-5)
    was, now = infogan.read(nets, before).styles[0], infogan.read(turned, before).styles[0]
    assert torch.allclose(now, was * torch.tensor([-1.0, 1.0]), atol=1e-5)


def test_folded_nets_answer_as_they_were_trained(nets, as_trained):
    assert not [layer for layer in nets.modules() if isinstance(layer, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)]
    codes = Codes(digit=8, styles=(0.4, -0.9))
    folded, whole = infogan.make(nets, codes), infogan.make(as_trained(), codes)
    assert torch.allclose(folded.picture, whole.picture, atol=1e-4)
    assert torch.allclose(folded.twin, whole.twin, atol=1e-4)
    assert torch.allclose(folded.readings.probabilities, whole.readings.probabilities, atol=1e-4)


# --- what the trained nets do ---------------------------------------------------------------------


def test_figures_of_the_manifest_reach_the_papers():
    figures = INFOGAN.figures
    assert figures["c1_error_percent"] <= 5
    assert figures["mutual_information_nats"] >= 2.2
    assert figures["classifier_agreement_percent"] >= 97
    assert min(figures["c2_abs_spearman"], figures["c3_abs_spearman"]) >= 0.8
    assert figures["judge_error_percent"] <= 1


def test_codes_are_slant_and_the_thickness_of_the_stroke(nets):
    assert [name.property for name in infogan.style_names(nets)] == ["slant", "thickness"]
    for name, figure in zip(infogan.style_names(nets), ("c2_abs_spearman", "c3_abs_spearman"), strict=True):
        assert name.correlation == pytest.approx(INFOGAN.figures[figure], abs=0.02)


def test_judge_reads_what_was_asked_for(nets):
    read = torch.stack([judged(nets, infogan.all_digits(nets, Codes(noise=seed))) for seed in range(20)])
    assert (read == torch.arange(10)).float().mean() > 0.95


def test_q_reads_what_was_sent(nets):
    for digit in range(10):
        made = infogan.make(nets, Codes(digit=digit, styles=(0.6, -0.6), noise=11))
        assert made.readings.probabilities[0].argmax() == digit
        assert (made.readings.styles[0] - torch.tensor([0.6, -0.6])).abs().max() < 0.5


def test_twin_ignores_which_digit_is_asked_for(nets):
    asked = torch.arange(10).repeat_interleave(20)
    made = [infogan.make(nets, Codes(digit=digit, noise=seed)).twin for digit in range(10) for seed in range(20)]
    table = recipe.contingency(asked, judged(nets, torch.stack(made)))
    assert recipe.matched_percent(table) < 40  # however its categories are matched


def test_styles_do_what_their_names_say(nets):
    generator = torch.Generator().manual_seed(0)
    styles = 2 * torch.rand(300, 2, generator=generator) - 1
    noise = torch.stack([infogan.noise_of(seed) for seed in range(300)])
    for digit in (2, 3, 5):
        c1 = infogan.one_hot(nets, torch.full((300,), digit))
        properties = measure(infogan.generate(nets.generator, noise, c1, styles))
        for index, name in enumerate(infogan.style_names(nets)):
            column = list(NATURAL_SPREAD).index(name.property)
            assert spearmanr(styles[:, index], properties[:, column]).statistic > 0.6


def test_same_seed_same_picture(nets):
    first, again, other = (infogan.make(nets, Codes(noise=seed)).picture for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_picture_is_the_one_that_links_have_shown(nets):
    picture = infogan.make(nets, Codes()).picture
    assert picture[GOLDEN_ROWS, GOLDEN_COLUMNS].tolist() == pytest.approx(GOLDEN_LEVELS, abs=0.01)


def test_noise_is_the_same_on_every_machine():
    assert infogan.noise_of(7)[:3].tolist() == pytest.approx([0.06985, -0.60239, 0.31842], abs=1e-4)


def test_c1_sorts_real_digits(nets, nets_data):
    pictures, digits = load_mnist("test", nets_data / "data" / "mnist")
    with torch.inference_mode():
        read = infogan.read(nets, pictures[:1000, 0].float() / 255).probabilities.argmax(dim=1)
    assert (read != digits[:1000]).float().mean() < 0.08


@pytest.mark.parametrize("ready", [r for r in ready_digits() if "plain" in r.remark], ids=lambda r: r.remark)
def test_redrawn_digit_is_the_one_that_q_read(nets, ready):
    redrawn = infogan.redraw(nets, ready.drawing)
    assert redrawn.codes.digit == redrawn.reading.probabilities[0].argmax()
    assert torch.allclose(redrawn.picture, infogan.make(nets, redrawn.codes).picture, atol=1e-5)
    others = infogan.all_digits(nets, Codes(noise=redrawn.codes.noise))
    assert (redrawn.picture - redrawn.given).square().sum() < (others - redrawn.given).square().sum(dim=(1, 2)).median()


def test_most_plain_digits_are_read_as_meant(nets):
    plain = [ready for ready in ready_digits() if "plain" in ready.remark]
    read = [infogan.redraw(nets, ready.drawing).codes.digit for ready in plain]
    assert sum(digit == ready.meant for digit, ready in zip(read, plain, strict=True)) >= 8


# --- figures, walks, progress ---------------------------------------------------------------------


@pytest.mark.parametrize(("name", "rows", "columns"), [("c1", 5, 10), ("twin", 5, 10), ("c2", 10, 9), ("c3", 10, 9)])
def test_figures_are_sharp_sheets(nets, name, rows, columns):
    figure = infogan.figure(nets, name, Codes())
    assert figure.height == 40 + rows * 88
    assert 0 < figure.width - columns * 88 < 120
    corner = np.asarray(figure)[-88:-4, -88:-4]
    assert np.array_equal(corner, corner[::3, ::3].repeat(3, axis=0).repeat(3, axis=1))


def test_figure_of_c2_varies_c2_alone(nets):
    last_row = np.asarray(infogan.figure(nets, "c2", Codes(styles=(1.5, 0.5))))[-88:-4]
    assert np.array_equal(last_row, np.asarray(infogan.figure(nets, "c2", Codes(styles=(-1.0, 0.5))))[-88:-4])
    assert not np.array_equal(last_row, np.asarray(infogan.figure(nets, "c2", Codes(styles=(1.5, -0.5))))[-88:-4])


@pytest.mark.parametrize("name", ["c1", "c2", "c3", "around"])
def test_walks_close(nets, name):
    walk = infogan.walk(nets, name, Codes(digit=4))
    steps = (walk.pictures - walk.pictures.roll(-1, dims=0)).square().sum(dim=(1, 2))
    assert steps[-1] <= 1.5 * steps[:-1].max()
    assert walk.path.styles.abs().max() <= 2
    assert torch.allclose(walk.path.c1.sum(dim=1), torch.ones(len(walk.path.c1)))


def test_morph_passes_through_every_digit(nets):
    walk = infogan.walk(nets, "c1", Codes(digit=4))
    assert walk.path.digits[::6].tolist() == [4, 5, 6, 7, 8, 9, 0, 1, 2, 3]
    for frame in range(0, 60, 6):
        expected = infogan.make(nets, Codes(digit=int(walk.path.digits[frame]))).picture
        assert torch.allclose(walk.pictures[frame], expected, atol=1e-5)


def content_of(url: str) -> io.BytesIO:
    return io.BytesIO(base64.b64decode(url.split(",")[1]))


def test_gif_opens_and_loops():
    film = Image.open(content_of(answered(answers.film, {"walk": "around", "kind": "gif"})["film"]))
    assert (film.size, film.n_frames, film.info["loop"]) == ((224, 224), 48, 0)


def test_mp4_opens_and_shows_the_digits(nets):
    with av.open(content_of(answered(answers.film, {"walk": "around", "kind": "mp4"})["film"])) as film:
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
        assert float(film.streams.video[0].average_rate) == infogan.FRAMES_PER_SECOND
    expected = infogan.walk(nets, "around", Codes()).pictures
    assert len(frames) == len(expected)
    shown = torch.from_numpy(frames[20][4::8, 4::8].copy()).float() / 255
    assert (shown - expected[20]).abs().mean() < 0.05


def test_progress_tells_of_ten_moments():
    told = progress()
    assert told["steps"] == sorted(set(told["steps"]))
    assert len(told["steps"]) == 10
    assert Image.open(content_of(told["samples"])).size == (280, 10 * 4 * 28)
    assert told["nats"][-1] > 2.2 > 1 > told["twin_nats"][-1]


# --- the tab --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False, analytics_enabled=False)


def test_api_makes_a_seven(client, nets):
    answer = client.predict(digit=7, styles=[0.5, 0], noise=3, api_name="/infogan")
    picture = torch.tensor(answer["picture"]) / 255
    assert judged(nets, picture[None]).item() == 7
    assert np.argmax(answer["probabilities"][0]) == 7


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"digit": 10}, "digit must be less than or equal to 9, got 10"),
        ({"digit": 1, "styles": [0, 3]}, "styles.1 must be less than or equal to 2, got 3"),
        ({"digit": 1, "styles": [0]}, "styles"),
        ({"digit": 1, "noise": -1}, "noise must be greater than or equal to 0, got -1"),
    ],
)
def test_bad_codes_get_a_sentence(client, values, message):
    with pytest.raises(AppError, match=message):
        client.predict(**values, api_name="/infogan")


def test_moved_code_asks_for_new_pictures():
    still, moved = (asyncio.run(answers.generate({"styles": [x, 0]})) for x in (0, 1))
    assert still["generated"]["picture"] != moved["generated"]["picture"]
    assert still["twin"]["picture"] != moved["twin"]["picture"]


@pytest.mark.parametrize("request_", [None, [], "x", 3, {"digit": "seven"}, {"styles": ["nan", 0]}])
def test_hostile_calls_get_a_sentence(request_):
    for ask in (answers.generate, answers.digits):
        assert asyncio.run(ask(request_))["error"]
    for ask in (answers.figure, answers.walk):
        assert ask(request_)["error"]
    assert answered(answers.film, request_)["error"]


def test_unknown_figures_walks_and_films_get_a_sentence():
    assert "figure must be" in answers.figure({"figure": "c9"})["error"]
    assert "walk must be" in answers.walk({"walk": "away"})["error"]
    assert "kind must be" in answered(answers.film, {"walk": "c1", "kind": "exe"})["error"]


def test_captions_quote_the_manifest(nets):
    captions = answers.captions(nets)
    assert f"{INFOGAN.figures['c1_error_percent']:.1f} %" in captions["c1"][1]
    assert f"{INFOGAN.figures['twin_digit_information_nats']:.2f} of" in captions["twin"][1]


def test_empty_canvas_is_nothing_to_redraw():
    given, redrawn, _ = show_redrawn("A" * 131)
    assert (given["given"], redrawn["start"]) == ("", {})


def test_drawing_must_be_dots():
    with pytest.raises(ValueError, match="drawing must be 131 base64url characters"):
        InfoGANParams(drawing="A")
