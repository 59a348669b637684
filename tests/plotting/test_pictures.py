"""What the pictures show is what the arrays say, and no text covers another."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text
from sklearn.metrics import confusion_matrix

from bioplastic.plotting import (
    bars,
    lines,
    new_figure,
    plot_class_weights,
    plot_confusion,
    plot_embedding,
    plot_misclassified,
    plot_raster,
    plot_stdp_window,
    plot_weight_maps,
    save_figure,
    stack_spikes,
)

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 10, 500)
GUESS = np.where(RNG.random(500) < 0.8, Y, RNG.integers(0, 10, 500))


def _weight_maps():
    return plot_weight_maps(RNG.random((64, 20)), (8, 8), vmax=1, unit="nS", title="maps").figure


def _class_weights():
    return plot_class_weights(RNG.random((100, 10)), RNG.integers(-1, 10, 100), unit="nS")


def _learning_curve():
    curves = np.linspace([0.1, 0.1], [0.93, 0.92], 7) + np.array([[[-0.02]], [[0.02]]])
    data = xr.DataArray(
        curves,
        dims=("seed", "samples", "readout"),
        name="test accuracy",
        coords={"samples": np.arange(0, 60_001, 10_000), "readout": ["supervised", "assignment"]},
    )
    return lines(
        data,
        x="samples",
        hue="readout",
        factor=100,
        legend="end",
        published={"supervised": 0.95},
        baselines={"chance": 0.11, "linear": 0.926},
    ).figure


def _confusion():
    return plot_confusion(Y, GUESS).figure


def _named_confusion():
    names = ["T-shirt", "trouser", "pullover", "dress", "coat"]
    names += ["sandal", "shirt", "sneaker", "bag", "ankle boot"]
    return plot_confusion(Y, GUESS, class_names=names, normalise=True).figure


def _raster():
    spikes = {
        "input": (RNG.random(900) * 0.35, RNG.integers(0, 784, 900)),
        "excitatory": (RNG.random(40) * 0.35, RNG.integers(0, 100, 40)),
        "inhibitory": (RNG.random(40) * 0.35, RNG.integers(0, 100, 40)),
        "class": (RNG.random(30) * 0.35, np.full(30, 7)),
    }
    sizes = {"input": 784, "excitatory": 100, "inhibitory": 100, "class": 10}
    return plot_raster(
        *stack_spikes(spikes, sizes),
        sizes,
        phases=[(0, 0.35, "presentation"), (0.35, 0.5, "rest")],
        image=RNG.random((28, 28)),
    )


def _stdp_window():
    lags = np.linspace(-0.08, 0.08, 33)
    curve = 1e-3 * np.exp(-abs(lags) / 0.02)
    return plot_stdp_window(lags, curve, reference=curve, unit="nS").figure


def _embedding():
    return plot_embedding(RNG.normal(size=(500, 2)), Y - (Y == 9) * 10, title="weights").figure


def _bars():
    return bars(
        {"S2-STDP": [0.97, 0.975], "S2-STDP + NCG": [0.98], "R-STDP": [0.92, 0.93, 0.9]},
        published={"R-STDP": 0.93},
        baselines={"chance": 0.11, "linear": 0.926},
        title="MNIST",
        xlabel="test accuracy (%)",
    ).figure


def _gallery():
    return plot_misclassified(RNG.random((500, 8, 8)), Y, GUESS)


PICTURES = [
    _weight_maps,
    _class_weights,
    _learning_curve,
    _confusion,
    _named_confusion,
    _raster,
    _stdp_window,
    _embedding,
    _bars,
    _gallery,
]


def _drawn_texts(figure: Figure) -> list[Text]:
    """Collect what the renderer really draws: ticks outside the view never get there."""
    drawn = []
    original = Text.draw

    def draw(self, renderer):
        if self.get_visible() and self.get_text().strip():
            drawn.append(self)
        original(self, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        figure.draw_without_rendering()
    return list(dict.fromkeys(drawn))


@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_covers_another_or_leaves_the_page(picture):
    figure = picture()
    texts = _drawn_texts(figure)
    assert len(texts) > 3
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in texts]
    page = figure.bbox
    for name, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
        assert inside, f"{name!r} leaves the page"
    for (name, box), (other, rival) in combinations(boxes, 2):
        width = min(box.x1, rival.x1) - max(box.x0, rival.x0)
        height = min(box.y1, rival.y1) - max(box.y0, rival.y0)
        assert width < 1 or height < 1.5, f"{name!r} covers {other!r}"


@pytest.mark.parametrize("picture", PICTURES)
def test_axes_are_labelled(picture):
    figure = picture()
    if picture in (_weight_maps, _gallery):  # images need no axes
        return
    assert any(axes.get_xlabel() for axes in figure.axes)
    assert any(axes.get_ylabel() or axes.get_yticklabels() for axes in figure.axes)


def test_weight_maps_hold_every_receptive_field_once():
    weights = RNG.random((12, 5))
    shown = np.asarray(plot_weight_maps(weights, (3, 4)).images[0].get_array().filled(np.nan))
    assert shown.shape == (2 * 4 - 1, 3 * 5 - 1)
    np.testing.assert_array_equal(shown[:3, 5:9], weights[:, 1].reshape(3, 4))
    np.testing.assert_array_equal(shown[4:, 5:9], weights[:, 4].reshape(3, 4))
    assert np.isnan(shown[:, 4]).all()
    assert np.isnan(shown[3]).all()
    assert np.isnan(shown[4:, 10:]).all()


def test_signed_weights_are_centred_on_zero():
    image = plot_weight_maps(np.array([[-3.0], [1.0]]), (1, 2)).images[0]
    assert image.get_clim() == (-3.0, 3.0)


def test_class_weights_are_sorted_and_keep_their_neurons_together():
    weights = np.array([[0, 5, 0], [9, 0, 0], [0, 7, 0], [0, 0, 1.0]])
    figure = plot_class_weights(weights, [1, 0, 2, -1])
    shown = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(shown, weights[[1, 2, 0, 3]].T)
    one_hot = np.asarray(figure.axes[1].images[0].get_array())
    np.testing.assert_array_equal(one_hot, [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]])
    assert figure.axes[1].get_title() == "label assignment (67 % agree, 1 silent)"


def test_class_weights_of_many_neurons_are_averages_of_neighbours():
    weights = np.sort(RNG.random((1601, 2)), axis=0)[::-1]
    weights[:, 1] = 0
    shown = np.asarray(plot_class_weights(weights).axes[0].images[0].get_array())
    assert shown.shape == (2, 534)
    np.testing.assert_allclose(shown[0, :-1], weights[:1599, 0].reshape(-1, 3).mean(axis=1))
    assert shown[0, -1] == pytest.approx(weights[1599:, 0].mean())


def test_confusion_shows_counts_or_percentages():
    counts = confusion_matrix(Y, GUESS)
    axes = plot_confusion(Y, GUESS)
    assert [int(text.get_text()) for text in axes.texts] == counts.ravel().tolist()
    assert axes.get_title() == f"accuracy {100 * np.mean(Y == GUESS):.1f} %"
    percent = plot_confusion(Y, GUESS, normalise=True)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    assert [text.get_text() for text in percent.texts] == [f"{v:.0f}" for v in shares.ravel()]


def test_confusion_with_a_class_that_never_occurs():
    axes = plot_confusion([0, 0], [0, 2], n_classes=4)
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array())[0], [0.5, 0, 0.5, 0])
    assert np.asarray(axes.images[0].get_array())[1:].sum() == 0


def test_many_classes_are_not_annotated():
    assert len(plot_confusion(np.arange(13), np.arange(13)).texts) == 0


def test_stack_spikes_counts_through_the_populations():
    times, indices = stack_spikes(
        {"b": ([0.3], [1]), "a": ([0.1, 0.2], [0, 4])}, {"a": 5, "none": 7, "b": 2}
    )
    assert times.tolist() == [0.1, 0.2, 0.3]
    assert indices.tolist() == [0, 4, 13]


def test_raster_gives_each_population_its_own_spikes_in_ms():
    figure = plot_raster([0.01, 0.02, 0.5], [1, 4, 1], {"a": 3, "b": 2}, window=(0, 0.1))
    a, b = figure.axes
    assert a.lines[0].get_xydata().tolist() == [[10.0, 1.0]]
    assert b.lines[0].get_xydata().tolist() == [[20.0, 1.0]]
    assert b.get_xlabel() == "time (ms)"
    assert plot_raster([2.5], [0], {"a": 1}, window=(0, 3)).axes[0].get_xlabel() == "time (s)"


def test_raster_of_silence_is_drawn(tmp_path):
    save_figure(plot_raster([], [], {"a": 3}), tmp_path / "silence.png")


def test_stdp_window_is_in_ms_and_sorted():
    axes = plot_stdp_window([0.02, -0.01], [1.0, 2.0])
    assert axes.lines[-1].get_xydata().tolist() == [[-10.0, 2.0], [20.0, 1.0]]


def test_embedding_draws_every_point_with_its_class():
    labels = np.array([3, 3, -1, 0])
    axes = plot_embedding(np.arange(8).reshape(4, 2), labels, class_names=list("abcd"))
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["a", "d", "none"]
    assert [len(group.get_offsets()) for group in axes.collections] == [1, 2, 1]


def test_gallery_shows_the_first_errors():
    images = np.arange(5)[:, None, None] * np.ones((5, 2, 2))
    figure = plot_misclassified(images, [0, 1, 2, 3, 4], [0, 2, 2, 0, 1], max_images=2)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["1 → 2", "3 → 0"]
    assert [axes.images[0].get_array()[0, 0] for axes in shown] == [1, 3]
    assert figure.get_suptitle() == "3 of 5 images misclassified, the first 2 shown"


def test_gallery_without_errors_says_so():
    figure = plot_misclassified(np.zeros((2, 3, 3)), [0, 1], [0, 1])
    assert figure.get_suptitle() == "0 of 2 images misclassified"


def test_given_axes_are_used():
    figure = new_figure()
    ax = figure.add_subplot()
    assert bars({"a": [1.0]}, ax) is ax
    assert plot_stdp_window([0.0], [1.0], ax=ax).figure is figure


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_weight_maps(np.ones((5, 2)), (2, 2)), r"weights: must have shape \(4, any\)"),
        (lambda: plot_weight_maps(np.full((4, 1), np.nan), (2, 2)), "weights: must be finite"),
        (lambda: plot_weight_maps(np.ones((4, 0)), (2, 2)), "at least one neuron"),
        (lambda: plot_weight_maps(np.ones((4, 1)), (2, 2), vmin=1, vmax=1), "vmax: must be larger"),
        (lambda: plot_class_weights(np.ones((3, 2)), [0, 1]), "assignment: must have shape"),
        (lambda: plot_confusion([0, 1], [0, 3], n_classes=3), "y_pred: must be class labels"),
        (lambda: plot_confusion([], []), "y_true: must not be empty"),
        (lambda: plot_raster([0.1], [3], {"a": 3}), "indices: must be neuron indices from 0 to 2"),
        (lambda: plot_raster([], [], {"a": 3}, window=(1, 1)), "window: must end after it starts"),
        (lambda: stack_spikes({"b": ([], [])}, {"a": 3}), "spikes: must name populations"),
        (lambda: plot_stdp_window([0.1], [1, 2]), r"dw: must have shape \(1\)"),
        (lambda: plot_embedding([[0, 0]], [4], class_names=["a"]), "labels: must be class labels"),
        (lambda: plot_misclassified(np.ones((2, 4)), [0, 1], [0, 1]), "images: must have shape"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
