"""Two standard figures of activity, so that a session can be laid beside other people's studies.

    ENMO    mean of what |a| exceeds 1 g by, nothing where it is below       (van Hees et al. 2013)
    MAD     mean of how far |a| is from its own mean within five seconds     (Vähä-Ypyä et al. 2015)

doi:10.1371/journal.pone.0061691 and doi:10.1111/cpf.12127.  Both are over 5 s, as published.  What
we changed: |a| is taken on the 50 Hz grid, not on raw samples of whatever rate.

Neither is made for lying people.  ENMO measures against 1 g exactly: a sensor that reads 2 % too
much shows 20 mg at rest, which is why its authors calibrate first.  MAD does not mind.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import G_M_S2, norm
from analysis.results import FloatArray

EPOCH_S = 5


def enmo_mg(acc_windows_m_s2: FloatArray) -> FloatArray:
    """Euclidean norm minus one; (k, n, 3) -> (k,) in mg, NaN where a sample is missing.

    Examples
    --------
    >>> enmo_mg(9.80665 * np.array([[[0, 0, 1.1], [0, 0, 0.8]]])).round(3)
    array([50.])
    """
    length_mg = 1000 * (norm(acc_windows_m_s2) / G_M_S2 - 1)
    return np.asarray(np.maximum(length_mg, 0.0).mean(axis=1))


def mad_mg(acc_windows_m_s2: FloatArray) -> FloatArray:
    """Mean amplitude deviation; (k, n, 3) -> (k,) in mg, NaN where a sample is missing.

    Examples
    --------
    >>> mad_mg(9.80665 * np.array([[[0, 0, 1.1], [0, 0, 0.8]]])).round(3)
    array([150.])
    """
    length_mg = 1000 / G_M_S2 * norm(acc_windows_m_s2)
    return np.asarray(np.abs(length_mg - length_mg.mean(axis=1, keepdims=True)).mean(axis=1))
