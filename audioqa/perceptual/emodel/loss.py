"""Burst ratio: how much longer losses last than they would if packets were lost at random (G.107, 7.5).

It is the mean length of the runs of lost packets, divided by what chance would make of the same share, 1 / (1 - share).
1 is random loss, 2 is loss in runs twice as long. Below 1 losses are spread more evenly than by chance; the model takes
that for random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audioqa.errors import SettingsError


def burst_ratio(received: Sequence[bool]) -> float | None:
    """Burst ratio of a stream.

    Parameters
    ----------
    received
        For each packet that was sent, in order, whether it arrived.

    Returns
    -------
    float or None
        None where nothing was lost, or nothing arrived: then there is no such ratio.

    Examples
    --------
    >>> burst_ratio([True, False, False, True, True, True, False, True, True, True])
    1.05
    """
    lost = 0
    runs = 0
    before = True
    for here in received:
        lost += not here
        runs += before and not here
        before = here
    return _ratio(lost, runs, len(received))


def burst_ratio_of_runs(runs: Mapping[int, float], packets: float) -> float | None:
    """Burst ratio of a count of runs.

    Parameters
    ----------
    runs
        By length in packets, how many runs of lost packets there were.
    packets
        Packets that were sent.

    Returns
    -------
    float or None
        None where nothing was lost, or nothing arrived.

    Raises
    ------
    SettingsError
        Where more were lost than were sent, or a length or a count is impossible.
    """
    if any(length < 1 or count < 0 for length, count in runs.items()):
        raise SettingsError("runs of lost packets have a length of at least 1 and a count of at least 0")
    lost = sum(length * count for length, count in runs.items())
    if lost > packets:
        raise SettingsError(f"{lost:g} packets were lost in runs, but only {packets:g} were sent")
    return _ratio(lost, sum(runs.values()), packets)


def burst_ratio_of_chain(to_loss: float, to_found: float) -> float:
    """Burst ratio of a two-state Markov chain: 1 / (p + q) (G.107 7-30).

    Parameters
    ----------
    to_loss, to_found
        Probability that a packet is lost after one that arrived (p), and that one arrives after one that was lost (q).

    Raises
    ------
    SettingsError
        Where one is no probability above 0.

    Examples
    --------
    >>> burst_ratio_of_chain(0.1, 0.4)
    2.0
    """
    if not (0 < to_loss <= 1 and 0 < to_found <= 1):
        raise SettingsError(f"probabilities above 0 and up to 1 are needed, given {to_loss:g} and {to_found:g}")
    return 1 / (to_loss + to_found)


def burst_ratio_of_gaps(*, burst_density: float, burst: float, gap_density: float, gap: float) -> float | None:
    """Burst ratio of what RTCP-XR reports (RFC 3611, 4.7.2): bursts in which much is lost, gaps in which little is.

    Inside either, packets are taken to be lost independently: of a density d a share d * (1 - d) of the packets begins
    a run.

    Parameters
    ----------
    burst_density, gap_density
        Share of the packets that is lost in bursts and in gaps, 0 to 1.
    burst, gap
        Mean length of both in one unit, at least 0.

    Returns
    -------
    float or None
        None where nothing was lost, everything was, or both have no length.

    Raises
    ------
    SettingsError
        Where a value lies outside its range.
    """
    if not (0 <= burst_density <= 1 and 0 <= gap_density <= 1 and burst >= 0 and gap >= 0):
        raise SettingsError("densities lie within 0 to 1, and the lengths of bursts and gaps are at least 0")
    lost = burst_density * burst + gap_density * gap
    runs = burst_density * (1 - burst_density) * burst + gap_density * (1 - gap_density) * gap
    return _ratio(lost, runs, burst + gap)


def _ratio(lost: float, runs: float, packets: float) -> float | None:
    if not runs or lost >= packets:
        return None
    return lost / runs * (packets - lost) / packets
