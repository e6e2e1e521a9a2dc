"""What things are called when a person reads them: phases, positions, measures, movements."""

from __future__ import annotations

PHASE_TITLES = {
    "straight": "legs straight",
    "settling": "settling",
    "rest": "resting in the position",
    "extra": "an extra movement",
    "rolling": "rolling to the side",
    "kneeling": "kneeling",
    "standing": "standing",
    "unknown": "not recognised",
}

POSITION_TITLES = {
    "supine": "on the back",
    "left": "on the left side",
    "right": "on the right side",
    "prone": "face down",
    "upright": "upright",
    "unknown": "unknown",
}

PART_TITLES = {  # of the relaxation index, as short as an axis wants them
    "stillness": "body still",
    "breathing_fall": "breath slower",
    "breathing_even": "breath even",
    "heart_fall": "heart slower",
    "knee_steady": "knees steady",
}

_MOVEMENT_TITLES = {
    "knee_draw": "knee drawn up to the chest",
    "knee_return": "knee let down again",
    "head_lift": "head lifted",
    "head_return": "head put down",
    "arm_raise": "arm raised",
    "arm_return": "arm let down",
    "roll": "rolling to the side",
    "kneel": "up to kneeling",
    "stand": "up to standing",
}

_TITLES = {  # where the plain name would read badly
    "breathing_per_min": "Breathing",
    "heart_per_min": "Heart rate",
    "stillness": "Stillness",
    "still_share": "Stillness, 0 to 1",
    "knee_difference_deg": "Left knee less right knee",
    "knee_drift_left_deg": "Left knee, drift during rest",
    "knee_drift_right_deg": "Right knee, drift during rest",
    "knee_drift_deg": "Knee that drifted most",
    "time_in_position_min": "Time in the position",
    "time_to_settle_s": "Time to settle",
    "relaxation": "Relaxation index, 0 to 1",
    "movement_mg": "Movement",
    "knee_left_deg": "Left knee",
    "knee_right_deg": "Right knee",
    "lean_left_deg": "Left leg leaning out",
    "lean_right_deg": "Right leg leaning out",
    "trunk_tilt_deg": "Trunk tilt",
    "posture_drift_deg": "Trunk, turned during rest",
    "breath_depth_deg": "Depth of a breath",
    "breath_regularity_cv": "Breath length, variation (CV)",
    "sighs": "Sighs",
    "longest_pause_s": "Longest pause of breath",
    "rmssd_ms": "Beat-to-beat variability (RMSSD)",
    "breath_lag1": "Breath length with the next (r)",
    "movements_per_min": "Movements",
    "longest_still_s": "Longest stillness",
    "drowsy": "Drowsy, 0 to 1",
    "enmo_mg": "Activity (ENMO)",
    "mad_mg": "Activity (MAD)",
}
_UNIT_SUFFIXES = ("_deg_s", "_deg", "_per_min", "_mg", "_min", "_s", "_share")


def title(name: str) -> str:
    """A summary name as a person would say it.

    Examples
    --------
    >>> title("knee_left_deg"), title("longest_still_s")
    ('Left knee', 'Longest stillness')
    """
    if name in _TITLES:
        return _TITLES[name]
    for suffix in _UNIT_SUFFIXES:
        if name.endswith(suffix):
            name = name.removesuffix(suffix)
            break
    return name.replace("_", " ").capitalize()


def placement_title(placement: str) -> str:
    """``left_thigh`` as words."""
    return placement.replace("_", " ")


def movement_title(kind: str) -> str:
    """A movement's kind as words.

    Examples
    --------
    >>> movement_title("knee_draw"), movement_title("heel_slide")
    ('knee drawn up to the chest', 'heel slide')
    """
    return _MOVEMENT_TITLES.get(kind, kind.replace("_", " "))
