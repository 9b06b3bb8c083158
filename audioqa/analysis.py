"""The whole pass, in reading order: open, measure, detect, score, flag, report."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

import audioqa
from audioqa.activity import mask, speech_segments
from audioqa.audio import OpenOptions, RecordingPath, open_recording, read_segment
from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.causes import likely_causes
from audioqa.detectors import DETECTORS, Detector
from audioqa.detectors.band import Band
from audioqa.detectors.clipping import clipped_share
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules, default_rules, reflag
from audioqa.measure import Measurements, measure
from audioqa.party import PartyView, party_views
from audioqa.perceptual.calibration import Calibration, calibrated_identity, load_calibration
from audioqa.perceptual.callmos import CallMos
from audioqa.perceptual.estimator import Estimator
from audioqa.perceptual.loading import DEFAULT_ESTIMATOR, TAKE_WEIGHTS, load_estimator
from audioqa.perceptual.named_calibration import load_named_calibration
from audioqa.phases import PhaseFinder, conversation, outside_phases
from audioqa.recorder_faults import unexplained
from audioqa.scoring import call_mos, party_mos
from audioqa.told_once import told_once
from audioqa.types import (
    CallInfo,
    CallReport,
    Detection,
    Finding,
    Ledger,
    Party,
    PartyMos,
    PesqResult,
    Recording,
    Skipped,
)

if TYPE_CHECKING:
    from audioqa.ledger import Read

_T = TypeVar("_T")


@dataclass(frozen=True)
class Analyser:
    """Everything that decides what a report says; make one and use it for many recordings.

    Parameters
    ----------
    estimator
        Scores speech windows; None for events only.
    calibration
        Maps its scores to the reporting scale; None leaves them on the model's own scale, without bands or MOS flags.
    detectors, bands, flag_rules
        The detectors, the band set and the rules in force.
    find_phases
        Finds what is no conversation; it is set aside from scores, and events that it explains are left out.
    activity
        Tells speech from what is not in every recording, whatever the estimator.
    """

    estimator: Estimator | None
    calibration: Calibration | None
    detectors: tuple[Detector, ...] = DETECTORS
    bands: BandSet = CONTACT_CENTRE
    flag_rules: FlagRules = field(default_factory=default_rules)
    find_phases: PhaseFinder = field(default_factory=PhaseFinder)
    activity: CallMos = field(default_factory=CallMos, repr=False)

    @property
    def source(self) -> str:
        """Identity of what makes the MOS: model, weights, calibration; ``none`` without an estimator."""
        if self.estimator is None:
            return "none"
        return f"{self.estimator.identity}; {self.calibration.identity if self.calibration else 'not calibrated'}"

    @property
    def digest(self) -> str:
        """SHA-256 of every setting that could change a report, except for its flags (`FlagRules.digest`).

        Flags are made again from a report, so that what was measured stays good when rules change.
        """
        made_by = (self.source, self.activity.identity, self.calibration)
        parts = (audioqa.__version__, *made_by, self.detectors, self.bands, self.find_phases)
        return hashlib.sha256("\n".join(repr(part) for part in parts).encode()).hexdigest()

    def __call__(
        self,
        path: RecordingPath,
        *,
        options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
        reference: str | os.PathLike[str] | None = None,
        reference_options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
        info: CallInfo | None = None,
        explain: bool = False,
        progress: Callable[[float, float | None], None] | None = None,
    ) -> CallReport:
        """Analyse one recording.

        Parameters
        ----------
        path
            The recording: one file, or the files of a call's legs in the order of its channels.
        options
            How to open it: channel names, and what a headerless file does not say of itself.
        reference, reference_options
            A clean reference for PESQ, and how to open it.
        info
            What is known of the call beside its sound, for rules that ask for it.
        explain
            Make the ledgers: mend what was found, kind by kind, and score it again.
        progress
            Called with the seconds done and the seconds in all, None where the file does not tell.

        Raises
        ------
        UnreadableRecordingError
            Where a file yields no samples.
        SettingsError
            Where the options do not fit the file.
        """
        with open_recording(path, options=options) as opened:
            expected = opened.expected_samples
            total = expected / opened.sample_rate if expected else None
            measurements = measure(
                opened.blocks(),
                opened.sample_rate,
                channels=opened.channels,
                activity=self.activity,
                estimator=self.estimator,
                progress=(lambda seconds: progress(seconds, total)) if progress else None,
            )
            recording = opened.recording()
        pesq: tuple[PesqResult, ...] = ()
        if reference is not None:
            from audioqa.perceptual.pesq import score_pesq

            pesq = score_pesq(path, reference, options=options, reference_options=reference_options)
        report = self.report(recording, measurements, pesq=pesq, info=info)
        if not explain:
            return report
        return replace(report, ledgers=self.ledgers(report, partial(read_segment, path, options=options)))

    def ledgers(self, report: CallReport, read: Read) -> tuple[Ledger | Skipped, ...]:
        """What each kind of impairment cost each party of a report that this analyser made.

        Parameters
        ----------
        report
            The report.
        read
            Reads a stretch of its recording again.
        """
        from audioqa.ledger import ledgers

        return ledgers(report, read, estimator=self.estimator, calibration=self.calibration)

    def report(
        self,
        recording: Recording,
        measurements: Measurements,
        *,
        pesq: tuple[PesqResult, ...] = (),
        info: CallInfo | None = None,
    ) -> CallReport:
        """The report on measurements that were made already.

        Parameters
        ----------
        recording
            What was measured.
        measurements
            Its measurements, windows scored by this analyser's estimator.
        pesq
            PESQ results to take along.
        info
            What is known of the call beside its sound.
        """
        phases = self.find_phases(measurements)
        talk = conversation(measurements, phases)
        detections = [detector(talk) for detector in self.detectors]
        heard = Detection(
            tuple(event for detection in detections for event in detection.events),
            tuple(skip for detection in detections for skip in detection.skipped),
            tuple(finding for detection in detections for finding in detection.findings),
        )
        findings = recording.findings + _findings(measurements) + heard.findings
        told = outside_phases(unexplained(told_once(heard.events), findings), phases)
        place = {channel: number for number, channel in enumerate(recording.channels)}
        events = sorted(told, key=lambda event: (event.segment, event.kind, place.get(event.channel or "", -1)))
        parties = tuple(self._party(view, measurements.duration, heard) for view in party_views(talk))
        mos, band = call_mos([(party.channel, party.mos) for party in parties])
        skipped = list(heard.skipped)
        for party in parties:
            skipped += [value for value in (party.level, party.mos) if isinstance(value, Skipped)]
        for result in pesq:
            skipped += [value for value in (result.score, result.delay) if isinstance(value, Skipped)]
        report = CallReport(
            recording=recording,
            separable=len(parties) > 1,
            parties=parties,
            mos=mos,
            band=band,
            events=tuple(events),
            phases=phases,
            findings=findings,
            skipped=tuple(skipped),
            flags=(),
            causes=likely_causes(parties, events, findings),
            ledgers=(),
            pesq=pesq,
            band_set=self.bands.name,
            estimator=self.source,
            settings_digest=self.digest,
            version=audioqa.__version__,
        )
        return reflag(report, self.flag_rules, bands=self.bands, info=info)

    def _party(self, view: PartyView, duration: float, heard: Detection) -> Party:
        channel = view.channel
        found = speech_segments(channel.speech, frame=channel.speech_frame, end=duration)
        speaking = mask(found, frames=len(channel.speech), frame=channel.speech_frame)
        mos = party_mos(
            channel.windows,
            speaking,
            frame=channel.speech_frame,
            calibration=self.calibration,
            bands=self.bands,
            source=self.source,
            intervals=self.estimator.weights.intervals if isinstance(self.estimator, CallMos) else None,
            kinds=channel.kinds,
        )
        if self.estimator is None:
            mos = Skipped("mos", None, "no estimator was asked for")
        if isinstance(mos, PartyMos):
            mos = replace(
                mos,
                worst=_named(mos.worst, channel.name),
                wideband=_named(mos.wideband, channel.name),
                codec=_named(mos.codec, channel.name),
            )
        return Party(
            channel=channel.name,
            speech=float(sum(segment.duration for segment in found)),
            level=_named(channel.level, channel.name),
            mos=_named(mos, channel.name),
            figures=_figures(view, heard),
        )


def analyse(
    path: RecordingPath,
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    estimator: str | None = DEFAULT_ESTIMATOR,
    reference: str | os.PathLike[str] | None = None,
    reference_options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
) -> CallReport:
    """Analyse one recording with the default settings; for many, make an `Analyser` with `make_analyser` once.

    Parameters
    ----------
    path
        The recording: one file, or the files of a call's legs.
    options
        How to open it.
    estimator
        ``callmos``, ``distillmos``, ``dnsmos``, or None for events only.
    reference, reference_options
        A clean reference for PESQ, and how to open it.

    Raises
    ------
    UnreadableRecordingError
        Where a file yields no samples.
    SettingsError
        Where an option cannot be used.
    WeightsError
        Where the estimator's weights are not installed.
    """
    return make_analyser(estimator)(path, options=options, reference=reference, reference_options=reference_options)


def make_analyser(
    estimator: str | None = DEFAULT_ESTIMATOR,
    *,
    calibration: str | None = None,
    raw: bool = False,
    detectors: Sequence[Detector] = DETECTORS,
    bands: BandSet = CONTACT_CENTRE,
    flag_rules: FlagRules | None = None,
    threads: int = 1,
    weights: Path | None = None,
    device: str = "cpu",
    keep_dtmf_keys: bool = False,
) -> Analyser:
    """An analyser with a named estimator and its calibration.

    Parameters
    ----------
    estimator
        ``callmos``, ``distillmos``, ``dnsmos``, ``nisqa``, or None.
    calibration
        Name of a calibration of one's own; None for the one that comes along (``nisqa`` has none: its scores stay on
        the model's own scale). Without an estimator it does nothing.
    raw
        Leave scores on the estimator's own scale, whatever `calibration` says.
    detectors, bands
        The detectors and the band set in force.
    flag_rules
        The flag rules in force; None for the default set.
    threads
        Threads that one network may use, at least 1.
    weights
        The file of weights, for ``nisqa``; None for any other.
    device
        Where callmos runs: ``cpu``, ``cuda`` or ``auto``.
    keep_dtmf_keys
        Whether reports tell which keys were pressed: card numbers and PINs may be among them.

    Raises
    ------
    SettingsError
        Where there is no such estimator or calibration, or the estimator lacks a file of weights or takes none.
    WeightsError
        Where its weights are not installed, the file holds no weights of it, or the calibration belongs to others.
    """
    if estimator is None and weights is not None:
        raise SettingsError(f"no estimator was asked for, so it cannot use the weights {weights}")
    loaded = load_estimator(estimator, threads=threads, weights=weights, device=device) if estimator else None
    return Analyser(
        estimator=loaded,
        calibration=_calibration(estimator, loaded, calibration) if estimator and loaded and not raw else None,
        detectors=tuple(detectors),
        bands=bands,
        flag_rules=default_rules() if flag_rules is None else flag_rules,
        find_phases=PhaseFinder(keep_keys=keep_dtmf_keys),
        activity=loaded if isinstance(loaded, CallMos) else CallMos(threads=threads, device=device),
    )


def _calibration(name: str, estimator: Estimator, own: str | None) -> Calibration | None:
    identity = calibrated_identity(estimator)
    if own is not None:
        return load_named_calibration(own, estimator=name, identity=identity)
    return None if name in TAKE_WEIGHTS else load_calibration(name, identity=identity)


def _named(value: _T | Skipped, channel: str) -> _T | Skipped:
    return replace(value, channel=channel) if isinstance(value, Skipped) else value


def _figures(view: PartyView, heard: Detection) -> dict[str, float]:
    """Plain figures of a channel, where there are samples: ``dc_offset`` (share of full scale), ``peak_dbov``, and
    ``clipped_share`` of its speech frames and ``bandwidth_hz`` of its speech where they could be told."""
    channel = view.channel
    count = int(channel.histogram.sum())
    used = np.flatnonzero(channel.histogram)
    if count == 0:
        return {}
    values = used - 32768
    figures = {"dc_offset": float((values * channel.histogram[used]).sum()) / count / 32768}
    peak = int(np.abs(values).max())
    if peak:
        figures["peak_dbov"] = 20 * math.log10(peak / 32768)
    share = clipped_share(heard, channel.name)
    if not isinstance(share, Skipped):
        figures["clipped_share"] = share
    bandwidth = Band().bandwidth(view)
    if not isinstance(bandwidth, Skipped):
        figures["bandwidth_hz"] = float(round(bandwidth))
    return figures


def _findings(measurements: Measurements) -> tuple[Finding, ...]:
    """What the measurements say of the file: exact lists that ran over."""
    return tuple(
        Finding(
            "list-overflow",
            f"{channel.name}: more constant or repeated stretches than are listed; {overflow} were left out",
            "warning",
            {"left_out": overflow},
        )
        for channel in measurements.channels
        if (overflow := channel.constant_runs.overflow + channel.repeats.overflow)
    )
