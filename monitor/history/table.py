"""The history in the terminal: one line a session, at most 80 columns, unknown is a dash."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.history.row import PLAYED, SIMULATED, HistoryRow
from monitor.wrapped import wrapped

_HEADING = (
    f"{'session':<23}{'min':>5}{'still':>7}{'breath':>7}{'heart':>6}{'drift':>7}"
    f"{'settle':>7}{'cues':>5}{'calm':>9}"
)
LEGEND = (
    "min: minutes in the position. breath, heart: a minute. drift: of the knee that moved most, "
    "degrees. settle: until rest, seconds. calm: before and after, 0 to 10."
)
_MARKS: tuple[tuple[str, str, Callable[[HistoryRow], bool]], ...] = (
    ("*", "simulated, nobody lay there", lambda row: row.source.startswith(SIMULATED)),
    ("+", "played from a file by virtual sensors", lambda row: row.source.startswith(PLAYED)),
    ("<", "ended early; its minutes count all the same", lambda row: bool(row.ended_early)),
)


def table(rows: Sequence[HistoryRow], *, notes: bool = False) -> list[str]:
    """The lines of the table, with what its marks mean; `notes` adds what the wearer said."""
    lines = [_HEADING] if rows else []
    for row in rows:
        lines.append(_line(row))
        if notes:
            lines += _said(row)
    for mark, footnote, is_so in _MARKS:
        if any(is_so(row) for row in rows):
            lines.append(f"{mark} {footnote}")
    return lines


def _line(row: HistoryRow) -> str:
    marks = "".join(mark for mark, _, is_so in _MARKS if is_so(row))
    return (
        f"{row.name:<23.22}{_number(row.position_min, 'z.1f'):>5}{_percent(row.stillness):>7}"
        f"{_number(row.breathing_per_min, 'z.1f'):>7}{_number(row.heart_per_min):>6}"
        f"{_number(row.knee_drift_deg, '+z.1f'):>7}{_number(row.settle_s):>7}{row.n_cues:>5}"
        f"{_from_to(row.calm_before, row.calm_after):>9} {marks}"
    ).rstrip()


def _said(row: HistoryRow) -> list[str]:
    tags = " ".join(f"[{tag}]" for tag in row.tags)
    text = " ".join(part for part in (tags, row.note) if part)
    return wrapped(text, lead="    ").splitlines() if text else []


def _number(value: float | None, form: str = "z.0f") -> str:
    return "-" if value is None else f"{value:{form}}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100.0:.0f} %"


def _from_to(before: int | None, after: int | None) -> str:
    if before is None and after is None:
        return "-"
    return f"{'-' if before is None else before} to {'-' if after is None else after}"
