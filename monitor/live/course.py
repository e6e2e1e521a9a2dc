"""The course of a session: a state machine that is told the time and what the analysis sees.

    arrival      legs straight, knees bent (each checked while it is held), the position
    settling     until the wearer's own reference is taken
    rest         optional extras one by one; a bell before the end
    finish       roll to the side, kneel, stand, notice

The clock counts time in the position, from the moment the bent pose is asked for.  It stands still
in a pause and while the wearer is known to be up or the sensors off the body.  With a play list the
finish comes when the list nears its end, whatever the clock says.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from monitor.live import words
from monitor.live.arrival import ArrivalSettings, PoseStage, PositionStage, SettleStage
from monitor.live.finish import FinishSettings, FinishStage
from monitor.live.pose_watch import PoseName
from monitor.live.steps import Action, Mark, Say, Seen, Step

EXTEND_S = 300.0
_GETTING_UP_S = 600.0  # longer than anybody takes
_LONGEST_STEP_S = 2.0  # ticks come every 0.1 s; a computer that slept has not rested


@dataclass(frozen=True, slots=True)
class CourseSettings:
    """What is planned.

    Attributes
    ----------
    minutes : float
        Time in the position.
    until_s : float or None
        Length of a play list that starts with the course; the session then ends with it.
    extras : bool
        Whether the optional movements are offered.
    bell_before_s : float
        The bell is struck so long before the finish, 0 for none; a session shorter than three
        times this has none.
    knee_guide_deg : float
        What the way into the position aims at.
    extras_from, extra_s, between_s : float
        Share of the time after which extras begin; how long each takes; rest between two.
    give_up_s : float
        Away from the position for so long: the session is over.
    """

    minutes: float = 15.0
    until_s: float | None = None
    extras: bool = False
    bell_before_s: float = 60.0
    knee_guide_deg: float = 90.0
    extras_from: float = 0.4
    extra_s: float = 35.0
    between_s: float = 25.0
    give_up_s: float = 300.0
    arrival: ArrivalSettings = field(default_factory=ArrivalSettings)
    finish: FinishSettings = field(default_factory=FinishSettings)


class GuidedCourse:
    """One session's course.

    Parameters
    ----------
    settings : CourseSettings, optional
    worn : collection of str
        Placements that have a sensor: without legs there is no pose to tell them apart by.

    Examples
    --------
    >>> course = GuidedCourse(CourseSettings(minutes=2.0), worn=())
    >>> [step.text[:11] for step in course.begin(0.0)]
    ['Let your ar']
    >>> course.phase, course.left_s
    ('settling', 120.0)
    """

    begins_at_once = False

    def __init__(self, settings: CourseSettings | None = None, worn: Collection[str] = ()) -> None:
        self._settings = settings or CourseSettings()
        self._stages = self._arrival(worn)
        self._stage: PoseStage | PositionStage | SettleStage | FinishStage | None = None
        self._begun_s = self._last_s = 0.0
        self._target_s = self._settings.minutes * 60.0
        self._extended_s = 0.0
        self._clock_runs = False
        self._away_s = 0.0
        self._has_rung = False
        self._n_extras = 0
        self._extra_from_s: float | None = None  # on the clock
        self._extra_is_ending = False
        self._rested_from_s = 0.0  # on the clock: the last extra ended
        self.position_s = 0.0
        self.waits = ""
        self.is_paused = False
        self.is_over = False
        self.ended_early = False

    def _arrival(self, worn: Collection[str]) -> list[PoseStage | PositionStage | SettleStage]:
        arrival = self._settings.arrival
        stages: list[PoseStage | PositionStage | SettleStage] = [SettleStage(arrival)]
        has_legs = any(p.endswith(("_thigh", "_shank")) for p in worn)
        if has_legs or "head" in worn:
            stages.insert(0, PositionStage(arrival, self._settings.knee_guide_deg))
        if has_legs:
            straight = PoseStage("straight", words.STRAIGHT, arrival)
            return [straight, PoseStage("bent", words.BEND, arrival), *stages]
        if "chest" in worn or "head" in worn:
            return [PoseStage("bent", words.POSITION, arrival), *stages]
        return stages

    # --- what a session asks -----------------------------------------------------------------

    @property
    def phase(self) -> str:
        """What is asked of the wearer now."""
        if self.is_over:
            return "over"
        if self.is_paused:
            return "pause"
        if self._stage is not None:
            return self._stage.phase
        if self._extra_from_s is not None:
            return words.EXTRAS[self._n_extras - 1].name
        return "rest"

    @property
    def pose_asked(self) -> PoseName | None:
        """The pose that is being held."""
        return None if self._stage is None else self._stage.pose_asked

    @property
    def left_s(self) -> float:
        """Until the finish is asked for."""
        if isinstance(self._stage, FinishStage) or self.is_over:
            return 0.0
        s = self._settings
        if s.until_s is not None:
            end_s = self._begun_s + s.until_s - sum(s.finish.pauses_s)
            return max(end_s + self._extended_s - self._last_s, 0.0)
        return max(self._target_s + self._extended_s - self.position_s, 0.0)

    def begin(self, t_s: float) -> list[Step]:
        """The sensors stream: ask for the first thing."""
        self._begun_s = self._last_s = t_s
        has_poses = self._stages[0].pose_asked is not None
        arrival: list[Step] = [Mark("arrival", t_s, t_s)] if has_poses else []
        return arrival + self._next_stage(t_s)

    def update(self, t_s: float, seen: Seen) -> list[Step]:
        """Time is `t_s` and this is seen; returns what falls due."""
        since_s = min(t_s - self._last_s, _LONGEST_STEP_S)
        self._last_s = t_s
        if self.is_over or self.is_paused:
            return []
        if not self._count(since_s, seen):
            self.is_over = self.ended_early = True
            return []
        if isinstance(self._stage, FinishStage):
            said = self._stage.update(t_s, seen)
            self.is_over = self._stage.is_done
            return said
        if self.left_s <= 0.0:
            return self._finish(t_s)
        if self._stage is None:
            return self._rest(t_s)
        said = self._stage.update(t_s, seen)
        return said + (self._next_stage(t_s) if self._stage.is_done else [])

    def press(self, action: Action, t_s: float) -> list[Step]:
        """Somebody asked for something."""
        if self.is_over:
            return []
        if action == "pause":
            return self._resume(t_s) if self.is_paused else self._pause(t_s)
        is_finishing = isinstance(self._stage, FinishStage)
        if action == "extend":
            if is_finishing:
                return []
            self._extended_s += EXTEND_S
            self._has_rung = False
            return [Say(words.EXTENDED)]
        resumed = self._resume(t_s) if self.is_paused else []
        if action == "finish":
            self.ended_early = not is_finishing or self.ended_early
            self.is_over = is_finishing  # asked twice: now
            return [*resumed, *([] if is_finishing else self._finish(t_s))]
        return resumed + self._skip(t_s)

    # --- inside ------------------------------------------------------------------------------

    def _count(self, since_s: float, seen: Seen) -> bool:
        """Let the clock run, or say why it stands; False when it stood for too long."""
        if not self._clock_runs or isinstance(self._stage, FinishStage):
            self.waits = ""
            return True
        self.waits = seen.away or ""
        if not self.waits:
            self.position_s += since_s
            self._away_s = 0.0
            return True
        self._away_s += since_s
        return self._away_s < self._settings.give_up_s

    def _next_stage(self, t_s: float) -> list[Step]:
        was_pose = self.pose_asked is not None
        self._stage = self._stages.pop(0) if self._stages else None
        is_pose = self.pose_asked is not None
        arrived: list[Step] = [Mark("arrived", t_s, t_s)] if was_pose and not is_pose else []
        if self.pose_asked != "straight":
            self._clock_runs = True
        if self._stage is None:
            self._rested_from_s = self.position_s
            return [*arrived, Say(words.REST)]
        return arrived + self._stage.begin(t_s)

    def _rest(self, t_s: float) -> list[Step]:
        s = self._settings
        long_enough = self._target_s + self._extended_s >= 3.0 * s.bell_before_s
        if not self._has_rung and self.left_s <= s.bell_before_s and long_enough:
            self._has_rung = True
            return [Say("The time of rest is nearly over.", "bell")] if s.bell_before_s else []
        return self._offer_extras(t_s) if s.extras else []

    def _offer_extras(self, t_s: float) -> list[Step]:
        s = self._settings
        if self._extra_from_s is not None:
            done_s = self.position_s - self._extra_from_s
            if done_s >= s.extra_s:
                self._extra_from_s = None
                self._rested_from_s = self.position_s
                is_last = self._n_extras == len(words.EXTRAS)
                return [Say(words.EXTRAS_DONE)] if is_last else []
            # The way back is asked for with time enough to take it slowly.
            if done_s >= 0.6 * s.extra_s and not self._extra_is_ending:
                self._extra_is_ending = True
                return [Say(words.EXTRAS[self._n_extras - 1].end)]
            return []
        is_time = (
            self._n_extras < len(words.EXTRAS)
            and self.position_s >= s.extras_from * self._target_s
            and self.position_s - self._rested_from_s >= s.between_s
            and self.left_s >= s.bell_before_s + s.extra_s + s.between_s
        )
        if not is_time:
            return []
        self._extra_from_s, self._extra_is_ending = self.position_s, False
        self._n_extras += 1
        asked = words.EXTRAS[self._n_extras - 1].begin
        return [Mark("extra", t_s, t_s + s.extra_s), Say(asked)]

    def _finish(self, t_s: float) -> list[Step]:
        arrived: list[Step] = [Mark("arrived", t_s, t_s)] if self.pose_asked is not None else []
        self._stages = []
        self._extra_from_s = None
        self._stage = FinishStage(self._settings.finish)
        getting_up = Mark("finish", t_s, t_s + _GETTING_UP_S)  # nothing to correct in it
        return [*arrived, getting_up, *self._stage.begin(t_s)]

    def _pause(self, t_s: float) -> list[Step]:
        self.is_paused = True
        self.waits = "pause"
        return [Mark("pause", t_s, t_s), Say(words.PAUSED)]

    def _resume(self, t_s: float) -> list[Step]:
        self.is_paused = False
        self.waits = ""
        self._last_s = t_s
        again = [] if self._stage is None else self._stage.begin(t_s)
        return [Mark("resume", t_s, t_s), Say(words.RESUMED), *again]

    def _skip(self, t_s: float) -> list[Step]:
        if isinstance(self._stage, FinishStage):
            said = self._stage.next(t_s)
            self.is_over = self._stage.is_done
            return said
        if self._stage is not None:
            return self._stage.skip() + self._next_stage(t_s)
        if self._extra_from_s is not None:
            self._extra_from_s = None
            self._rested_from_s = self.position_s
        return []
