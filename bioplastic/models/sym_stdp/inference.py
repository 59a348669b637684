"""How a trained symmetric-STDP network answers: the frozen network and its two read-outs."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.analysis.assignment import predict_from_assignment, predict_from_counts
from bioplastic.engine import Program
from bioplastic.models.images import check_images
from bioplastic.models.sym_stdp.learned import LearnedNetwork
from bioplastic.models.sym_stdp.response import Response
from bioplastic.timing import log_time
from bioplastic.validation import check_choice, check_integer

__all__ = ["Inference", "chunks"]

_RECORDED = ("exc.count", "output.count", "presentations")
_LOG = logging.getLogger(__name__)
_CHUNK = 250  # samples between two updates of the progress bar


class Inference(LearnedNetwork):
    """The half of `SymSTDPClassifier` that needs no labels."""

    readout: str
    test_presentations: int
    random_state: int
    progress: bool

    def _program(self, which: str, **options: Any) -> Program:
        raise NotImplementedError

    def respond(self, X: ArrayLike, *, repetition: int | None = None) -> Response:
        """Show images to the frozen network and count spikes.

        The network starts from rest and is not reset between images, as in training, so the
        response to an image depends slightly on the one before.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Grey values from 0 to 255.
        repetition : int, optional
            Which of several independent presentations to return. Default: the sum over the first
            ``test_presentations`` of them.

        Returns
        -------
        Response
            Spike counts of hidden and output neurons.
        """
        check_is_fitted(self, "state_")
        images = check_images("SymSTDPClassifier.X", X, int(self.n_features_in_))
        if repetition is not None:
            return self._answer(images, check_integer("SymSTDPClassifier.repetition", repetition))
        answers = [self._answer(images, number) for number in range(self.test_presentations)]
        return sum(answers[1:], start=answers[0])

    def _answer(self, images: NDArray[np.uint8], repetition: int) -> Response:
        program = self._program("inference")
        state, seed = self._frozen_state(program), self._seed(repetition)
        fields, records = self.fields_, []
        with (
            log_time(_LOG, "answers to %d images", len(images)),
            tqdm(total=len(images), desc="inference", unit="img", disable=not self.progress) as bar,
        ):
            for part in chunks(len(images)):
                inputs = {"pixel": fields.view(images[part])}
                state, record = program(state, inputs, seed=seed)
                records.append(record)
                bar.update(len(record["presentations"]))
        return Response(*(np.concatenate([r[key] for r in records]) for key in _RECORDED))

    def record_spikes(
        self, image: ArrayLike
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int32]]]:
        """Show one image to the frozen network and return every spike of its last presentation.

        Parameters
        ----------
        image : array_like, shape (n_features,)
            Grey values from 0 to 255.

        Returns
        -------
        dict of str to (times, cells)
            For ``"image"`` (input), ``"exc"`` (hidden) and ``"output"``: seconds from the onset of
            the image, and index of the neuron.
        """
        check_is_fitted(self, "state_")
        pixels = check_images("SymSTDPClassifier.X", np.atleast_2d(image), int(self.n_features_in_))
        program = self._program("inference", record_spikes=True)
        inputs = {"pixel": self.fields_.view(pixels[:1])}
        _, record = program(self._frozen_state(program), inputs, seed=self._seed())
        last = int(record["presentations"][0]) - 1
        spikes = {}
        for name in ("image", "exc", "output"):
            chosen = record[f"{name}.spike_trial"] == last
            times, cells = record[f"{name}.spike_time"], record[f"{name}.spike_cell"]
            spikes[name] = (times[chosen], cells[chosen])
        return spikes

    def _frozen_state(self, program: Program) -> dict[str, NDArray[Any]]:
        state = program.initial_state(0)
        state["image_exc.w"] = self.afferent_weights_
        if "exc_class.w" in self.state_:
            state["exc_class.w"] = self.state_["exc_class.w"]
        state["exc.theta"] = self.state_["exc.theta"]
        return state

    def _seed(self, repetition: int = 0) -> int:
        """Return the seed of the input spikes at inference."""
        key = [self.random_state, 1] + ([repetition] if repetition else [])
        return int(np.random.SeedSequence(key).generate_state(1)[0])

    def read_out(self, response: Response, readout: str | None = None) -> NDArray[Any]:
        """Turn spike counts into labels.

        Parameters
        ----------
        response : Response
            As from `respond`.
        readout : {'supervised', 'assigned'}, optional
            Default: that of the model.

        Returns
        -------
        array, shape (n_samples,)
            Predicted labels; ties and silence go to the lowest class.
        """
        chosen = check_choice(
            "SymSTDPClassifier.readout", readout or self.readout, ("supervised", "assigned")
        )
        if chosen == "supervised":
            index = predict_from_counts(response.output)
        else:
            index = predict_from_assignment(response.hidden, self.assignment_, len(self.classes_))
        labels: NDArray[Any] = self.classes_[index]
        return labels

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label of every image, shape (n_samples,)."""
        return self.read_out(self.respond(X))


def chunks(n: int) -> list[slice]:
    """Cut ``n`` samples into pieces between which a progress bar moves."""
    return [slice(start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK)]
