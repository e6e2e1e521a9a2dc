"""A result as some lines of text, at most 80 columns wide."""

from __future__ import annotations

from monitor.report import words
from monitor.report.cues import cues
from monitor.report.titles import PHASE_TITLES, placement_title, title
from monitor.result import SessionResult
from monitor.wrapped import wrapped


def summary_text(result: SessionResult) -> str:
    """What `analyze` prints: the finding, the numbers, the sensors, and how far to trust them.

    Unknown is written as unknown, and every number comes with the share of time it rests on.
    """
    analysis = result.analysis
    parts = [_wrapped(words.headline(result))]
    if analysis.summary:
        parts.append(_numbers(result))
    parts.append(_phases(result))
    parts.append(_sensors(result))
    parts.append(
        _listed(
            "Alerts", [f"{words.clock(c.t_s)}  {c.alert.reason} {c.outcome}" for c in cues(result)]
        )
    )
    parts.append(_listed("Notes", list(analysis.notes)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _numbers(result: SessionResult) -> str:
    known, unknown = words.known_and_unknown(result.analysis.summary)
    rows = []
    if known:
        rows.append(f"{'While resting':<34}{'value':>15}{'mostly between':>18}{'known':>11}")
    for name, estimate in known.items():
        value = words.number(estimate.value, estimate.unit)
        between = words.interval(estimate)
        share = words.percent(estimate.coverage)
        rows.append(f"{title(name):<34.33}{value:>15}{between:>18}{share:>11}")
    if unknown:
        rows.append(_wrapped(f"Unknown: {'; '.join(title(n) for n in unknown)}."))
    return "\n".join(rows)


def _phases(result: SessionResult) -> str:
    rows = [
        f"{words.clock(p.start_s)} to {words.clock(p.end_s)}  {PHASE_TITLES[p.name]}"
        for p in result.analysis.phases
    ]
    if len(rows) > 12:
        rows = [*rows[:6], f"… {len(rows) - 11} more …", *rows[-5:]]
    return _listed("Phases", rows)


def _sensors(result: SessionResult) -> str:
    rows = []
    for placement, sensor in result.analysis.sensors.items():
        rate = words.number(sensor.fs_hz, "Hz")
        rows.append(
            f"{placement_title(placement)}: {sensor.n_samples} samples, {rate}, "
            f"{words.loss(sensor.n_lost, result.loss_by.get(placement, ''))} lost, heard for {words.percent(sensor.coverage)}"
        )
        rows += [f"  ! {problem}" for problem in sensor.problems]
    return _listed("Sensors", rows)


def _listed(heading: str, rows: list[str]) -> str:
    if not rows:
        return ""
    return "\n".join([heading, *(_wrapped(row, "  ") for row in rows)])


def _wrapped(text: str, indent: str = "") -> str:
    lead = indent + " " * (len(text) - len(text.lstrip()))
    return wrapped(text, lead=lead, hang=lead + "  " * bool(indent))
