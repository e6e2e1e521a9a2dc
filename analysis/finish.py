"""How the wearer got up: rolling, kneeling, standing; and whether it was hurried.

    rest ─► rolling ─► kneeling ─► standing
         └──────── finish ────────┘

Getting up is part of the exercise, slowly and over the side.  It was hurried when any of this is so:

    the trunk turned faster than `fastest_deg_s`          a roll in 1.6 s
    from the first turn to standing took under `least_s`  as fast as one who is timed doing it
    no time was spent on the side                         sat straight up
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.results import Finish, Phase


@dataclass(frozen=True, slots=True)
class FinishSettings:
    """Limits of an unhurried finish.

    Attributes
    ----------
    fastest_deg_s : float
        Ours: a roll of 85 deg in 1.6 s with a bell-shaped speed.  Rolls in 4 to 7 s peak at 23 to 40.
    least_s : float
        Healthy people of 50 to 90 years who are timed getting up from the floor take 4.1 s, SD 1.1
        (Bohannon and Lusardi 2004, doi:10.1080/09593980490887993); twice that is ours.
    """

    fastest_deg_s: float = 100.0
    least_s: float = 8.0


def finish_of(
    phases: tuple[Phase, ...],
    peak_speed_deg_s: float | None,
    settings: FinishSettings | None = None,
    *,
    began_s: float | None = None,
) -> Finish | None:
    """The finish of a session, None when nobody was seen to get up after lying.

    Parameters
    ----------
    phases : tuple of Phase
        Of the whole session.
    peak_speed_deg_s : float or None
        Fastest turn of the trunk within `span_s(phases)`.
    began_s : float, optional
        When the first of these turns began: a part has a name only some way into its turn.

    Examples
    --------
    >>> up = (Phase("rest", 0, 60), Phase("rolling", 60, 70), Phase("kneeling", 70, 82),
    ...       Phase("standing", 82, 90))
    >>> finish_of(up, 35.0).hurried, finish_of(up, 140.0).reason
    (False, 'The trunk turned at up to 140 deg/s; up to 100 is unhurried.')
    """
    s = settings or FinishSettings()
    span = span_s(phases)
    if span is None:
        return None
    start_s, end_s = span
    begins: dict[str, float] = {}
    for p in phases:
        if start_s <= p.start_s <= end_s:
            begins.setdefault(p.name, p.start_s)
    rolling_s, kneeling_s, standing_s = (
        begins.get(name) for name in ("rolling", "kneeling", "standing")
    )
    if began_s is not None:
        start_s = min(start_s, began_s)
    is_up = kneeling_s is not None or standing_s is not None
    took_s = end_s - start_s
    hurried: bool | None
    if peak_speed_deg_s is not None and peak_speed_deg_s > s.fastest_deg_s:
        hurried = True
        reason = (
            f"The trunk turned at up to {peak_speed_deg_s:.0f} deg/s; up to"
            f" {s.fastest_deg_s:.0f} is unhurried."
        )
    elif not is_up:
        hurried = None
        reason = "Turned away from lying, but was not seen to kneel or stand."
    elif rolling_s is None:
        hurried = True
        reason = "Got up without resting on a side first."
    elif standing_s is not None and took_s < s.least_s:
        hurried = True
        reason = (
            f"From the first turn to standing took {took_s:.0f} s; {s.least_s:.0f} or more are"
            " unhurried."
        )
    elif peak_speed_deg_s is None:
        hurried = None
        reason = f"Getting up took {took_s:.0f} s; no trunk sensor told how fast it turned."
    else:
        hurried = False
        reason = (
            f"Getting up took {took_s:.0f} s, the trunk turning at up to {peak_speed_deg_s:.0f}"
            " deg/s: unhurried."
        )
    return Finish(
        start_s, end_s, rolling_s, kneeling_s, standing_s, peak_speed_deg_s, hurried, reason
    )


def span_s(phases: tuple[Phase, ...]) -> tuple[float, float] | None:
    """From the first turn after the last time in the position, to standing or the last part seen."""
    lain = [i for i, p in enumerate(phases) if p.name in {"straight", "settling", "rest", "extra"}]
    if not lain:
        return None
    rising = [p for p in phases[lain[-1] + 1 :] if p.name in {"rolling", "kneeling", "standing"}]
    if not rising:
        return None
    standing = next((p.start_s for p in rising if p.name == "standing"), None)
    end_s = rising[-1].end_s if standing is None else standing
    return rising[0].start_s, max(end_s, rising[0].start_s)
