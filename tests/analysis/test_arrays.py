"""The door says what came; unknown values are left out, never taken for zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.arrays import (
    checked_times,
    checked_triaxial,
    known_mean,
    known_median,
    known_quantile,
    unit,
)
from analysis.errors import InputError


def test_a_wrong_shape_is_named():
    with pytest.raises(InputError, match=r"acc_m_s2 must have shape \(n, 3\), got \(5,\)"):
        checked_triaxial(np.zeros(5), "acc_m_s2", 5)
    with pytest.raises(InputError, match="gyr_rad_s has 4 rows for 5 times"):
        checked_triaxial(np.zeros((4, 3)), "gyr_rad_s", 5)
    with pytest.raises(InputError, match=r"t_s must have shape \(n,\), got \(1, 2\)"):
        checked_times([[0, 1]])


def test_a_time_that_is_not_finite_is_refused_and_counted():
    with pytest.raises(InputError, match="t_s has 2 values that are not finite"):
        checked_times([0.0, np.nan, np.inf])


def test_the_callers_array_is_left_as_it_was():
    acc = np.array([[np.inf, 0.0, 0.0]])
    assert np.isnan(checked_triaxial(acc, "acc", 1)).all()
    assert np.isinf(acc[0, 0])


@given(
    hnp.arrays(
        float,
        st.integers(1, 30),
        elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
    ),
    st.floats(0, 1),
)
def test_known_statistics_are_numpys_on_the_known_values(values, share):
    known = values[np.isfinite(values)]
    if len(known) == 0:
        assert np.isnan(known_mean(values))
        assert np.isnan(known_quantile(values, share))
    else:
        assert known_mean(values) == pytest.approx(known.mean(), abs=1e-6)
        assert known_median(values) == pytest.approx(np.median(known), abs=1e-6)
        assert known_quantile(values, share) == pytest.approx(np.quantile(known, share), abs=1e-6)


def test_the_direction_of_nothing_is_unknown():
    assert np.isnan(unit(np.zeros(3))).all()
