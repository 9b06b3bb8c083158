"""The network of NISQA 2.0: convolutions, self-attention and attention pooling (CNN-SA-AP).

G. Mittag, B. Naderi, A. Chehadi and S. Möller, "NISQA: A deep CNN-self-attention model for multidimensional speech
quality prediction with crowdsourced datasets", Interspeech 2021, sections 3.1 to 3.3. A convolutional network turns
every segment of a mel spectrogram into a vector, two layers of self-attention relate the vectors of the whole clip to
one another, and five heads, one for each quantity, weigh the vectors by attention and read a score off their mean.

It is written for scoring only: it has no dropout and cannot be trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

QUANTITIES = ("mos", "noi", "dis", "col", "loud")
"""What the heads rate, in their order: overall quality, noisiness, discontinuity, coloration, loudness."""

_CHANNELS = (1, 16, 32, 64, 64, 64, 64)
_POOLED = {0: (24, 7), 1: (12, 5), 3: (6, 3)}  # after which convolution: bands and frames that are left
_FEATURES = _CHANNELS[-1] * 6  # six bands are left at the end, and one frame
_WIDTH = 64  # of the vectors that attend to one another, and of the layer between
_LAYERS = 2
_HEAD = 128  # hidden units from which a head tells how relevant a segment is


class SegmentFeatures(nn.Module):
    """One vector for each segment of the mel spectrogram: six convolutions, 3 by 3, with maxima taken in between."""

    def __init__(self) -> None:
        super().__init__()
        last = len(_CHANNELS) - 2
        # The last one reaches over the three frames that are left and leaves one.
        self.convolutions = nn.ModuleList(
            nn.Conv2d(_CHANNELS[i], _CHANNELS[i + 1], 3, padding=(1, 0 if i == last else 1)) for i in range(last + 1)
        )
        self.normalisations = nn.ModuleList(nn.BatchNorm2d(channels) for channels in _CHANNELS[1:])

    def forward(self, segments: Tensor) -> Tensor:
        """From float32, shape ``(count, 1, 48, 15)``, dB, to shape ``(count, 384)``."""
        maps = segments
        for i, (convolution, normalisation) in enumerate(zip(self.convolutions, self.normalisations, strict=True)):
            maps = functional.relu(normalisation(convolution(maps)))
            if i in _POOLED:
                maps = functional.adaptive_max_pool2d(maps, _POOLED[i])
        return maps.flatten(1)


class AttentionPooling(nn.Module):
    """A head: a mean of the segments' vectors, weighted by how relevant each is, and the score of that mean."""

    def __init__(self) -> None:
        super().__init__()
        self.relevance = nn.Sequential(nn.Linear(_WIDTH, _HEAD), nn.ReLU(), nn.Linear(_HEAD, 1))
        self.rating = nn.Linear(_WIDTH, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """From float32, shape ``(count, 64)``, to shape ``(1,)``."""
        weights = torch.softmax(self.relevance(vectors)[:, 0], dim=0)
        rating: Tensor = self.rating(weights @ vectors)
        return rating


class NisqaNetwork(nn.Module):
    """The whole network, for one clip at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.features = SegmentFeatures()
        self.projection = nn.Linear(_FEATURES, _WIDTH)
        self.normalisation = nn.LayerNorm(_WIDTH)
        # One attention head; the order of the segments is not encoded.
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(_WIDTH, nhead=1, dim_feedforward=_WIDTH, dropout=0.0, batch_first=True)
            for _ in range(_LAYERS)
        )
        self.heads = nn.ModuleList(AttentionPooling() for _ in QUANTITIES)

    def forward(self, segments: Tensor) -> Tensor:
        """Rate one clip.

        Parameters
        ----------
        segments
            float32, shape ``(count, 1, 48, 15)``: overlapping parts of the clip's mel spectrogram, dB, at least one.

        Returns
        -------
        Tensor
            float32, shape ``(5,)``: the `QUANTITIES`, nominally 1 (worst) to 5 (best), without a limit.
        """
        vectors = self.normalisation(self.projection(self.features(segments)))[None]
        for layer in self.layers:
            vectors = layer(vectors)
        return torch.cat([head(vectors[0]) for head in self.heads])


def load_network(published: Mapping[object, object]) -> NisqaNetwork:
    """A network with published weights, ready to score.

    Parameters
    ----------
    published
        Tensors under the names that the published checkpoint gives them (``cnn.model.conv1.weight`` and so on).

    Returns
    -------
    NisqaNetwork
        In evaluation mode.

    Raises
    ------
    ValueError
        If a tensor is missing, is one too many, has another shape or type, or is not finite; the message names it.
    """
    network = NisqaNetwork().eval()
    state: dict[str, Tensor] = {}
    for own, wanted in network.state_dict().items():
        name = _published_name(own)
        given = published.get(name)
        if not isinstance(given, Tensor):
            raise ValueError(f"it has no tensor {name}")
        if given.shape != wanted.shape or given.dtype != wanted.dtype or given.layout != wanted.layout:
            raise ValueError(
                f"{name} is {_described(given)}, and the network of NISQA 2.0 has {_described(wanted)} there"
            )
        if not torch.isfinite(given).all():
            raise ValueError(f"{name} holds NaN or infinity")
        state[own] = given
    left = set(published) - {_published_name(own) for own in state}
    if left:
        raise ValueError(f"it has {len(left)} tensors too many, {min(map(str, left))} among them")
    network.load_state_dict(state)
    return network


def _published_name(own: str) -> str:
    """The name that the published checkpoint gives to a tensor of ours."""
    prefix, published = next(pair for pair in _prefixes() if own.startswith(pair[0]))
    return published + own.removeprefix(prefix)


def _prefixes() -> Iterator[tuple[str, str]]:
    """Beginnings of our tensors' names and of the published ones."""
    for i in range(len(_CHANNELS) - 1):
        yield f"features.convolutions.{i}.", f"cnn.model.conv{i + 1}."
        yield f"features.normalisations.{i}.", f"cnn.model.bn{i + 1}."
    yield "projection.", "time_dependency.model.linear."
    yield "normalisation.", "time_dependency.model.norm1."
    yield "layers.", "time_dependency.model.layers."  # torch's own names inside
    for i in range(len(QUANTITIES)):
        yield f"heads.{i}.relevance.0.", f"pool_layers.{i}.model.linear1."
        yield f"heads.{i}.relevance.2.", f"pool_layers.{i}.model.linear2."
        yield f"heads.{i}.rating.", f"pool_layers.{i}.model.linear3."


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
