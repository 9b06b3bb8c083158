"""The callmos network in torch: for training, for export, and for scoring on a GPU.

A temporal convolutional network of depthwise-separable blocks (Bai, Kolter and Koltun 2018) on the rows of
`audioqa.perceptual.callmos_features`, two rows a step. It is in two parts. The first runs over time and is linear in
nothing but its last step: for every 0.4 s it gives sums over steps, weighted by what the network finds worth hearing.
The second makes opinions of such sums. Sums add up, so any span of a call pools exactly, whatever blocks it came in.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from audioqa.perceptual.callmos_features import FEATURES

CHANNELS = 128
DILATIONS = (1, 2, 4, 8, 1, 2, 4, 8)
KERNEL = 5
GROUPS, VALUES = 2, 64
"""Ways of weighting the steps, and values summed under each."""

HIDDEN = 128
"""Units between sums and opinions."""

STEPS = 10
"""Steps of 40 ms summed into one: 0.4 s."""

ROWS = 2 * STEPS
"""Feature rows of 20 ms behind one sum."""

CONTEXT = 2 * (KERNEL // 2) * sum(DILATIONS)
"""Rows to either side that a step hears: 2.4 s."""

KINDS = 5
"""Kinds of a row; see `audioqa.perceptual.callmos`."""

SUMS = GROUPS * (1 + 2 * VALUES)
"""Figures of one sum: the weights, the weighted values, the weighted squares."""

DIMENSIONS = ("noisiness", "coloration", "discontinuity", "loudness")
CODECS = ("g711", "adpcm", "gsm", "celp", "opus", "archive", "wideband")
"""Families that the codec head tells apart: G.711 or none; G.726; GSM; G.729, G.723.1 and AMR; Opus; MP3 and AAC;
G.722 and AMR-WB."""

OUTPUTS = 3 + len(DIMENSIONS) + len(CODECS)
"""MOS in the narrowband and in the wideband context, logarithm of the spread, dimensions, codec family."""


class Block(nn.Module):
    """Depthwise convolution over time, then a mix of the channels, beside the identity."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.time = nn.Conv2d(
            channels,
            channels,
            (1, KERNEL),
            padding=(0, KERNEL // 2 * dilation),
            dilation=(1, dilation),
            groups=channels,
            bias=False,
        )
        self.time_norm = nn.BatchNorm2d(channels)
        self.mix = nn.Conv2d(channels, channels, 1, bias=False)
        self.mix_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Float, shape (N, channels, 1, steps), both ways."""
        y = functional.relu(self.time_norm(self.time(x)))
        return x + functional.relu(self.mix_norm(self.mix(y)))


class Frames(nn.Module):
    """The part that runs over time; steps are the columns of a picture of one line, which torch handles fastest."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((FEATURES,), 110.0))
        self.register_buffer("scale", torch.full((FEATURES,), 1 / 50))
        self.enter = nn.Conv2d(2 * FEATURES, CHANNELS, 1, bias=False)
        self.enter_norm = nn.BatchNorm2d(CHANNELS)
        self.blocks = nn.Sequential(*(Block(CHANNELS, dilation) for dilation in DILATIONS))
        self.leave = nn.Conv2d(CHANNELS, 2 * KINDS + GROUPS + GROUPS * VALUES, 1)

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """From feature rows to kinds and sums.

        Parameters
        ----------
        rows
            uint8 (or float of the same values), shape (N, T, 80), T a multiple of 20.

        Returns
        -------
        kinds : Tensor
            Logits, shape (N, T, 5).
        sums : Tensor
            Shape (N, T / 20, 258).
        """
        batch = rows.shape[0]
        x = (rows.float() - self.mean) * self.scale
        x = x.reshape(batch, -1, 2 * FEATURES).transpose(1, 2).unsqueeze(2)
        x = self.leave(self.blocks(functional.relu(self.enter_norm(self.enter(x))))).squeeze(2)
        kinds = x[:, : 2 * KINDS].transpose(1, 2).reshape(batch, -1, KINDS)
        weight = torch.sigmoid(x[:, 2 * KINDS : 2 * KINDS + GROUPS])
        value = functional.relu(x[:, 2 * KINDS + GROUPS :])
        weighted = weight.repeat_interleave(VALUES, dim=1) * value
        contribution = torch.cat([weight, weighted, weighted * value], dim=1)
        sums = functional.avg_pool1d(contribution, STEPS) * STEPS
        return kinds, sums.transpose(1, 2)


class Opinions(nn.Module):
    """The part that makes opinions of sums.

    What it has not heard the like of gets a wider spread: in proportion to the distance of its hidden units from those
    of the training clips (Mahalanobis, as in Lee et al. 2018), where that exceeds the distance of 19 of 20 of these.
    """

    centre: Tensor
    whiten: Tensor

    def __init__(self, extra: int = 0) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(HIDDEN))
        self.register_buffer("whiten", torch.zeros(HIDDEN, HIDDEN))
        self.hidden = nn.Linear(2 * GROUPS * VALUES, HIDDEN)
        self.outputs = nn.Linear(HIDDEN, OUTPUTS + extra)
        self.dropout = nn.Dropout(0.1)

    def forward(self, sums: Tensor) -> Tensor:
        """From sums over a span to opinions.

        Parameters
        ----------
        sums
            Shape (N, 258): sums of 0.4 s added up over the span.

        Returns
        -------
        Tensor
            Shape (N, 14 and what training adds): MOS (narrowband context) and MOS (wideband context), 1 to 5;
            logarithm of the spread; noisiness, coloration, discontinuity, loudness, 1 to 5; logits of the codecs.
        """
        hidden = self.units(sums)
        raw = self.outputs(hidden)
        scores = 1 + 4 * torch.sigmoid(raw[:, [0, 1, 3, 4, 5, 6]])
        distance = torch.linalg.vector_norm((hidden - self.centre) @ self.whiten, dim=1, keepdim=True)
        log_spread = raw[:, 2:3] + torch.log(distance.clamp_min(1.0))
        return torch.cat([scores[:, :2], log_spread, scores[:, 2:], raw[:, 7:]], dim=1)

    def units(self, sums: Tensor) -> Tensor:
        """The hidden units of sums, shape (N, 128)."""
        weight = sums[:, :GROUPS].clamp_min(1e-3).repeat_interleave(VALUES, dim=1)
        mean = sums[:, GROUPS : GROUPS + GROUPS * VALUES] / weight
        square = sums[:, GROUPS + GROUPS * VALUES :] / weight
        spread = torch.sqrt((square - mean * mean).clamp_min(0.0) + 1e-4)
        return functional.relu(self.hidden(self.dropout(torch.cat([mean, spread], dim=1))))

    @torch.no_grad()
    def learn_domain(self, sums: Tensor) -> None:
        """Take the hidden units of the given clips' sums, shape (n, 258), for what is known; see the class."""
        units = self.units(sums).double()
        centred = units - units.mean(dim=0)
        covariance = centred.T @ centred / len(units)
        covariance += 0.01 * covariance.diagonal().mean() * torch.eye(HIDDEN, dtype=torch.float64)
        whiten = torch.linalg.cholesky(torch.linalg.inv(covariance))
        limit = torch.quantile(torch.linalg.vector_norm(centred @ whiten, dim=1), 0.95)
        self.centre.copy_(units.mean(dim=0))
        self.whiten.copy_(whiten / limit)


class CallMosNetwork(nn.Module):
    """Both parts.

    Parameters
    ----------
    extra
        Further outputs that only training uses.
    """

    def __init__(self, extra: int = 0) -> None:
        super().__init__()
        self.frames = Frames()
        self.opinions = Opinions(extra)

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Kinds of every row and opinions on the whole span; see `Frames` and `Opinions`."""
        kinds, sums = self.frames(rows)
        return kinds, self.opinions(sums.sum(dim=1))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> CallMosNetwork:
        """The network that scores, from named tensors as they are shipped.

        Raises
        ------
        RuntimeError
            Where a tensor is missing or has another shape.
        """
        network = cls()
        network.load_state_dict(dict(tensors))
        return network.eval()
