"""Can this sensor be believed?  What is wrong is said in sentences with numbers.

    |a| at rest    0.8        0.85               1.15       1.2 g
       unknown  ....|.. noted ..|.... as it is ....|.. noted ..|.... unknown

Cheap sensors rest at 0.88 to 1.05 g and are used as they are; a sensor that rests at 7 or 26 m/s2
is broken or in other units, and no angle made from it is worth showing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import G_M_S2, known_median
from analysis.gravity import rest_length
from analysis.grid import BIN_HZ
from analysis.intake import REST_SPAN_S, Intake, sample_rate_hz
from analysis.results import FloatArray, SensorSummary

TRUSTED_G = (0.8, 1.2)
NOTED_G = (0.85, 1.15)

FROZEN_S = 5
"""A sensor that showed noise and then repeats one sample this long has stopped measuring."""

LEAST_FS_HZ = 5.0
"""One sample in `analysis.grid.HOLE_S`: below, nothing but the sensor's presence is known."""

JOIN_S = 5.0
"""Connecting, asking and agreeing take a sensor this long."""

GAP_S = 1.0
"""Shortest silence that is told as a gap; shorter ones are losses."""


def rest_m_s2(intake: Intake, first_epoch: int, n_epochs: int) -> FloatArray:
    """|a| at rest as known at the end of each epoch, NaN when nothing came for `REST_SPAN_S`."""
    windows = intake.bins.windows(
        (first_epoch + 1) * BIN_HZ, n_epochs, BIN_HZ, REST_SPAN_S * BIN_HZ
    )
    return rest_length(windows[:, :, :3])


def is_trusted(rest: FloatArray) -> NDArray[np.bool_]:
    """Whether a sensor that reads `rest` m/s2 at rest shows gravity; unknown is not trusted.

    Examples
    --------
    >>> is_trusted(np.array([6.96, 9.81, 12.86, 26.0, np.nan]))
    array([False,  True, False, False, False])
    """
    share = rest / G_M_S2
    return np.asarray((share >= TRUSTED_G[0]) & (share <= TRUSTED_G[1]))


def is_frozen(intake: Intake, first_epoch: int, n_epochs: int) -> NDArray[np.bool_]:
    """Epochs at whose end the sensor has repeated itself for `FROZEN_S`, having shown noise before.

    A sensor whose samples never differed (a simulation without noise) is not frozen, nor one too
    coarse to show its noise: it may well repeat itself for minutes.
    """
    n, differing, clearly = intake.changes.all().T
    ends = np.arange(first_epoch, first_epoch + n_epochs)
    starts = ends - FROZEN_S
    inside = starts >= 0
    starts = np.maximum(starts, 0)
    same = (differing[ends] == differing[starts]) & (n[ends] > n[starts])
    changed_last = np.searchsorted(differing, differing[starts])  # how long ago does not matter
    noisy = clearly[starts] > 0.5 * n[changed_last]
    return np.asarray(inside & same & noisy)


def has_one_axis(intake: Intake, first_epoch: int, n_epochs: int) -> NDArray[np.bool_]:
    """Epochs at whose end the sensor has shown a single axis for `REST_SPAN_S`.

    A simulation without noise may lie along an axis; a sensor's own axis shows noise.  The other
    two are 0, or were not given at all (`analysis.arrays.checked_triaxial`).
    """
    length = REST_SPAN_S * BIN_HZ
    n_bins = length + (n_epochs - 1) * BIN_HZ
    acc = intake.bins.windows((first_epoch + n_epochs) * BIN_HZ, 1, 1, n_bins)[0, :, :3]
    shown = (np.isfinite(acc) & (acc != 0)).sum(axis=1)
    seen = [np.concatenate([[0], np.cumsum(flags)]) for flags in (shown == 1, shown > 1)]
    single, several = (total[length::BIN_HZ] - total[:-length:BIN_HZ] for total in seen)
    n, differing, _ = intake.changes.all().T
    ends = np.arange(first_epoch, first_epoch + n_epochs)
    starts = np.maximum(ends - REST_SPAN_S, 0)
    is_noisy = 2 * (differing[ends] - differing[starts]) > n[ends] - n[starts]
    return np.asarray((single > 0) & (several == 0) & is_noisy)


def rest_problem(rest: float) -> str:
    """What to say about a sensor that reads `rest` m/s2 at rest; empty when it is as it should be.

    Examples
    --------
    >>> rest_problem(9.7)
    ''
    >>> rest_problem(26.0)
    'reads 26.0 m/s2 (2.65 g) at rest instead of 9.8: nothing is derived from it'
    >>> rest_problem(1.0)
    'reads 1.0 m/s2 (0.10 g) at rest instead of 9.8, as if g were called m/s2: nothing is derived from it'
    """
    share = rest / G_M_S2
    if not np.isfinite(share) or NOTED_G[0] <= share <= NOTED_G[1]:
        return ""
    said = f"reads {rest:.1f} m/s2 ({share:.2f} g) at rest instead of 9.8"
    if TRUSTED_G[0] <= share <= TRUSTED_G[1]:
        return f"{said}: its angles may be off by a few degrees"
    if TRUSTED_G[0] <= share * G_M_S2 <= TRUSTED_G[1]:
        said += ", as if g were called m/s2"
    elif TRUSTED_G[0] <= share / G_M_S2 <= TRUSTED_G[1]:
        said += ", as if m/s2 were called g"
    return f"{said}: nothing is derived from it"


def is_usable(intake: Intake) -> bool:
    """Whether the sensor showed gravity over the session as a whole."""
    return bool(is_trusted(known_median(intake.rests_m_s2())))


def summary(intake: Intake, duration_s: float, more_problems: tuple[str, ...]) -> SensorSummary:
    """How well one sensor was heard over the session, and everything wrong with it."""
    fs_hz = sample_rate_hz(intake)
    covered = _covered(intake, fs_hz, duration_s)
    n_covered, n_all = float(covered.sum()), max(len(covered), 1)
    problems = list(_problems(intake, covered, duration_s))
    return SensorSummary(
        fs_hz=fs_hz,
        n_samples=intake.n_samples,
        n_lost=intake.n_lost,
        coverage=n_covered / n_all,
        problems=(*problems, *more_problems),
    )


def _covered(intake: Intake, fs_hz: float | None, duration_s: float) -> NDArray[np.bool_]:
    """Bins with samples; seconds with samples where the sensor is too slow to fill every bin."""
    counts = intake.counts.all()[:, 0]
    if fs_hz is None or fs_hz >= 2 * BIN_HZ:
        return np.asarray(counts[: max(round(duration_s * BIN_HZ), 1)] > 0)
    seconds = counts.reshape(-1, BIN_HZ).sum(axis=1)
    return np.asarray(seconds[: max(int(np.ceil(duration_s)), 1)] >= 0.5 * fs_hz)


def _problems(intake: Intake, covered: NDArray[np.bool_], duration_s: float) -> tuple[str, ...]:
    if intake.n_samples == 0:
        return ("sent nothing",)
    n_epochs = len(intake.changes)
    if n_epochs and has_one_axis(intake, n_epochs - 1, 1)[0]:
        said = ["shows a single axis: no angle is derived from it, only rates"]
    else:
        said = [rest_problem(float(known_median(intake.rests_m_s2())))]
    fs_hz = sample_rate_hz(intake)
    if fs_hz is not None and fs_hz < LEAST_FS_HZ:
        said.append(
            f"sends {fs_hz:.1f} samples a second, at least {LEAST_FS_HZ:.0f} are needed: nothing is"
            " derived from it"
        )
    said.append(_gap_problem(covered, duration_s))
    n_frozen = int(is_frozen(intake, 0, len(intake.changes)).sum())
    if n_frozen:
        said.append(f"repeated one sample for {n_frozen + FROZEN_S} s: it had stopped measuring")
    for n, what in (
        (
            intake.n_unreadable,
            "samples were not numbers, or beyond any sensor's range, and were left out",
        ),
        (intake.n_falling, "samples came with a time before their predecessor's and were sorted"),
        (intake.n_repeated, "samples repeated a time and were left out"),
        (intake.n_late, "samples came too late to count"),
    ):
        if n:
            said.append(f"{n} {what}")
    return tuple(s for s in said if s)


def _gap_problem(covered: NDArray[np.bool_], duration_s: float) -> str:
    """Tell the silences; a sensor that joins in the first seconds is only connecting.

    Examples
    --------
    >>> heard = np.ones(100, dtype=bool)
    >>> heard[40:60] = False
    >>> _gap_problem(heard, 10.0)
    'was not heard for 2 s of 10 s'
    >>> heard[80:] = False
    >>> _gap_problem(heard, 10.0)
    'was not heard for 4 s of 10 s (2 gaps, the longest 2 s)'
    """
    bin_s = duration_s / max(len(covered), 1)
    joined = int(np.argmax(covered)) if covered.any() else 0
    if joined * bin_s < JOIN_S:
        covered = covered[joined:]
    gaps = _runs(~covered) * bin_s
    gaps = gaps[gaps >= GAP_S]
    if not len(gaps):
        return ""
    said = f"was not heard for {gaps.sum():.0f} s of {duration_s:.0f} s"
    return said if len(gaps) == 1 else f"{said} ({len(gaps)} gaps, the longest {gaps.max():.0f} s)"


def _runs(flags: NDArray[np.bool_]) -> FloatArray:
    """Lengths of the runs of True.

    Examples
    --------
    >>> _runs(np.array([True, False, True, True]))
    array([1., 2.])
    """
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    return np.asarray((np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)).astype(float))
