"""
A published system as an estimator
==================================

The network of Hao et al. (2020) learns handwritten digits with symmetric STDP, synaptic scaling and
adaptive thresholds; a linear classifier on the same pixels stands beside it. The images of
scikit-learn are enlarged and brightened to what the network was published for.
"""

from sklearn.linear_model import LogisticRegression

from bioplastic.datasets import equalise_brightness, load_digits, resize_images
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.plotting import plot_weight_maps

digits = load_digits()


def prepare(images):
    """Return images as bright and large as those of MNIST."""
    return equalise_brightness(resize_images(images, (8, 8), (28, 28)), 33.3)


X, X_test = prepare(digits.X), prepare(digits.X_test)
model = SymSTDPClassifier(n_hidden=100, epochs=3, random_state=0).fit(X, digits.y)
linear = LogisticRegression(max_iter=3000).fit(digits.X, digits.y)
print(f"spiking, three passes: {model.score(X_test, digits.y_test):.2f}")
print(f"linear on the pixels:  {linear.score(digits.X_test, digits.y_test):.2f}")
print("chance:                0.10")

# %%
# What the hidden cells have learned, without seeing a label.

axes = plot_weight_maps(model.weights_, (28, 28))
