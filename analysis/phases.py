"""Which part of the exercise this is: a state machine that is told one epoch at a time.

    straight -> settling -> rest <-> extra -> rolling -> kneeling -> standing
                    (knees bent)                (the finish)

It is causal: a name that holds for `confirm_s` is accepted and counts from its first second; rest
needs `settle_s` that were mostly quiet and counts from their first second.  So what is said of a second is
final after at most `settle_s`.

Without a chest sensor the legs tell lying from upright (the thighs turn the other way); without leg
sensors a lying trunk counts as the position, and straight, kneeling and standing are unknown.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.results import FloatArray, Phase, PhaseName


@dataclass(frozen=True, slots=True)
class PhaseSettings:
    """Limits between the parts of the exercise; all are ours, from the geometry of the positions.

    Attributes
    ----------
    lying_below_deg : float
        Trunk tilt; books under the head raise the chest by less than 20 deg.
    upright_above_deg : float
        Trunk tilt.
    straight_below_deg, bent_above_deg : float
        Knee flexion; the position asks for 90.
    side_above_deg : float
        Lean of a leg (or of the trunk) that means lying on the side; knees fallen right out reach
        45.
    quiet_below_deg : float
        Largest turn of any segment within a second; breathing turns the chest by 1 deg.
    extra_above_deg : float
        Turn of any segment within a second, two seconds on end, that makes an extra of rest.
    same_within_deg : float
        Wander of a knee, or of the head, during rest that still is rest.
    settle_s, settled_share : float
        Rest begins with the first stretch so long of which that share was quiet and still; the same
        rule as `analysis.stillness.settled_after_s`.
    return_s, confirm_s : float
        Quiet that ends an extra; hold that makes any other part.
    """

    lying_below_deg: float = 35.0
    upright_above_deg: float = 60.0
    straight_below_deg: float = 35.0
    bent_above_deg: float = 50.0
    side_above_deg: float = 50.0
    quiet_below_deg: float = 2.5
    extra_above_deg: float = 10.0
    same_within_deg: float = 15.0
    settle_s: float = 60.0
    settled_share: float = 0.9
    return_s: float = 5.0
    confirm_s: float = 2.0


@dataclass(frozen=True, slots=True)
class PhaseInput:
    """What one epoch says; NaN is unknown.

    Attributes
    ----------
    trunk_tilt_deg : float
    trunk_on_side : float
        Part of up along the trunk's lateral axis, 0 to 1; asked only where no leg tells.
    knees_deg, leans_deg, thighs_deg : tuple of float
        Flexion, lean, and turn of the thigh from its straight pose, of each leg worn.
    turned_deg : float
        Largest turn of any segment within the last second.
    stillness : float
        Share of the segments worn that were still.
    head_deg : float
        Angle of the head from where it lay while calibrating.
    """

    trunk_tilt_deg: float
    trunk_on_side: float
    knees_deg: tuple[float, ...]
    leans_deg: tuple[float, ...]
    thighs_deg: tuple[float, ...]
    turned_deg: float
    stillness: float = float("nan")
    head_deg: float = float("nan")

    @property
    def held_deg(self) -> tuple[float, ...]:
        """What is held in rest, and moved in an extra: the knees, and the head."""
        return (*self.knees_deg, self.head_deg)


@dataclass(slots=True)
class _Candidate:
    name: PhaseName = "unknown"
    since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Calm:
    """Whether one second in the position was quiet and still, and what was held then."""

    start_s: float
    is_calm: bool
    held_deg: tuple[float, ...]


@dataclass(slots=True)
class PhaseRecogniser:
    """Feed epochs in order with `update`; read `current` live, `phases` at the end.

    Examples
    --------
    >>> recogniser = PhaseRecogniser()
    >>> lying = PhaseInput(2.0, 0.0, (3.0,), (0.0,), (1.0,), 0.1)
    >>> bent = PhaseInput(2.0, 0.0, (90.0,), (0.0,), (45.0,), 0.1)
    >>> for second in range(90):
    ...     recogniser.update(float(second), lying if second < 10 else bent)
    >>> [(p.name, p.start_s, p.end_s) for p in recogniser.phases(90.0)]
    [('straight', 0.0, 10.0), ('rest', 10.0, 90.0)]
    """

    settings: PhaseSettings = field(default_factory=PhaseSettings)
    current: PhaseName = "unknown"
    _starts: list[tuple[PhaseName, float]] = field(default_factory=list)
    _candidate: _Candidate = field(default_factory=_Candidate)
    _quiet_since_s: float | None = None
    _quiet_held: tuple[float, ...] = ()
    _held: tuple[float, ...] = ()
    _rest_held: tuple[float, ...] | None = None
    _has_lain: bool = False
    _calm: deque[_Calm] = field(default_factory=deque)

    def update(self, start_s: float, seen: PhaseInput) -> None:
        """Take the epoch that starts at `start_s`."""
        self._held = seen.held_deg
        self._watch_quiet(start_s, seen)
        name = self._name(start_s, seen)
        if name in {"straight", "settling", "rest", "extra"}:
            self._has_lain = True
        if name not in {"settling", "rest", "extra"}:
            self._calm.clear()
        if not self._starts:
            self._begin(name, start_s)
        elif name == self.current:
            self._candidate = _Candidate(name, start_s)
        elif name == "rest":
            if self.current == "extra":
                self._begin(name, start_s if self._quiet_since_s is None else self._quiet_since_s)
            else:
                self._begin(name, self._calm[0].start_s)
        else:
            if self._candidate.name != name:
                self._candidate = _Candidate(name, start_s)
            # this epoch counts: two in a row span two seconds
            if start_s + 1.0 - self._candidate.since_s >= self.settings.confirm_s:
                self._begin(name, self._candidate.since_s)

    def phases(self, end_s: float) -> tuple[Phase, ...]:
        """The parts so far, the last one ending at `end_s`."""
        ends = [start for _, start in self._starts][1:] + [end_s] * bool(self._starts)
        return tuple(
            Phase(name, start, end)
            for (name, start), end in zip(self._starts, ends, strict=True)
            if end > start
        )

    def _begin(self, name: PhaseName, start_s: float) -> None:
        while self._starts and self._starts[-1][1] >= start_s:
            self._starts.pop()
        if name not in {"rest", "extra"}:
            self._rest_held = None
        elif name == "rest":
            self._rest_held = self._held
        if not self._starts or self._starts[-1][0] != name:
            self._starts.append((name, start_s))
        self.current = name
        self._candidate = _Candidate(name, start_s)

    def _watch_quiet(self, start_s: float, seen: PhaseInput) -> None:
        """Quiet begins anew when anything turns, when nothing is known, or when a knee wanders."""
        moved = not seen.turned_deg <= self.settings.quiet_below_deg  # unknown is not quiet
        wandered = self._quiet_since_s is not None and _differ(
            seen.held_deg, self._quiet_held, self.settings.same_within_deg
        )
        if moved:
            self._quiet_since_s = None
        elif self._quiet_since_s is None or wandered:
            self._quiet_since_s, self._quiet_held = start_s, seen.held_deg

    def _name(self, start_s: float, seen: PhaseInput) -> PhaseName:
        s = self.settings
        knees = [k for k in seen.knees_deg if np.isfinite(k)]
        leans = [abs(v) for v in seen.leans_deg if np.isfinite(v)]
        thighs = [v for v in seen.thighs_deg if np.isfinite(v)]
        tilt = seen.trunk_tilt_deg
        if not (knees or leans or np.isfinite(tilt)):
            return "unknown"
        on_side = max(leans, default=0.0) > s.side_above_deg
        if np.isfinite(tilt):
            if not leans:
                on_side = seen.trunk_on_side > np.sin(np.radians(s.side_above_deg))
            upright, lying = tilt > s.upright_above_deg, tilt < s.lying_below_deg
        else:
            # standing and kneeling thighs hang: up is at their head end, 90 deg against bending
            upright = bool(thighs) and min(thighs) < -s.upright_above_deg
            lying = not upright
        if upright and not on_side:
            return self._upright(knees)
        if on_side and not (lying and np.isfinite(tilt)):
            return "rolling" if self._has_lain else "unknown"
        if not lying:
            return "rolling" if self._has_lain else "unknown"
        return self._lying(start_s, seen, knees)

    def _has_settled(self, start_s: float, seen: PhaseInput) -> bool:
        """Whether the last `settle_s` in the position were mostly calm, with the knees where they are."""
        s = self.settings
        restless = seen.stillness < 1.0  # any segment; unknown is judged by the turns alone
        quiet = seen.turned_deg <= s.quiet_below_deg
        self._calm.append(_Calm(start_s, quiet and not restless, seen.held_deg))
        while self._calm[0].start_s <= start_s - s.settle_s:
            self._calm.popleft()
        while self._calm and not self._calm[0].is_calm:
            self._calm.popleft()
        if not self._calm or start_s + 1.0 - self._calm[0].start_s < s.settle_s:
            return False
        share = sum(c.is_calm for c in self._calm) / len(self._calm)
        wandered = _differ(seen.held_deg, self._calm[0].held_deg, s.same_within_deg)
        return share >= s.settled_share and not wandered

    def _upright(self, knees: list[float]) -> PhaseName:
        if not knees:
            return "unknown"
        if max(knees) < self.settings.bent_above_deg:
            return "standing"
        # before anyone lay down, bent knees under an upright trunk are a chair
        return "kneeling" if self._has_lain else "unknown"

    def _lying(self, start_s: float, seen: PhaseInput, knees: list[float]) -> PhaseName:
        s = self.settings
        resting = self.current in {"rest", "extra"}
        if knees and max(knees) < s.straight_below_deg:
            return "straight"
        if knees and max(knees) < s.bent_above_deg and not resting:
            return "settling" if self.current == "settling" else "straight"
        quiet_s = 0.0 if self._quiet_since_s is None else start_s + 1.0 - self._quiet_since_s
        if not resting:
            return "rest" if self._has_settled(start_s, seen) else "settling"
        away = self._rest_held is not None and _differ(
            seen.held_deg, self._rest_held, s.same_within_deg
        )
        if self.current == "rest":
            moving = seen.turned_deg > s.extra_above_deg
            return "extra" if away or moving else "rest"
        back = quiet_s >= (s.settle_s if away else s.return_s)
        return "rest" if back else "extra"


def _differ(a: tuple[float, ...], b: tuple[float, ...], by_deg: float) -> bool:
    """Whether any value known in both differs by more than `by_deg`."""
    if len(a) != len(b):
        return True
    return any(abs(x - y) > by_deg for x, y in zip(a, b, strict=True))  # NaN never differs


def in_phase(t_end_s: FloatArray, phases: tuple[Phase, ...], name: PhaseName) -> NDArray[np.bool_]:
    """Which epochs, by their end, lie in parts called `name`.

    Examples
    --------
    >>> in_phase(np.array([1.0, 2.0, 3.0]), (Phase("rest", 1.0, 2.0),), "rest")
    array([False,  True, False])
    """
    inside = np.zeros(len(t_end_s), dtype=bool)
    for p in phases:
        if p.name == name:
            inside |= (t_end_s > p.start_s) & (t_end_s <= p.end_s)
    return inside
