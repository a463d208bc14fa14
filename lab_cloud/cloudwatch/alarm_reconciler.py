"""Looks at every alarm once an AWS minute, and tells those who want to know."""

import datetime
import json
import logging
import re
from collections.abc import Callable
from typing import Any

from ..clock import Clock
from .alarm import ALARM, EXTRA_PERIODS, Alarm, Verdict, evaluate, reason
from .alarm_store import AlarmStore, Happening
from .grammar import BadExpression
from .metric import MINUTE
from .query import Asking
from .store import MetricStore

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.25
"""Real seconds that data of a minute may come late; never more than a quarter of the minute."""

Action = Callable[[Alarm, str, float], str]
"""Given the alarm, the action's ARN and the time; returns why it failed, or an empty text."""


class Alarms:
    """The reconciler of alarms.

    Parameters
    ----------
    clock : Clock
        The time and the speed.
    metrics : MetricStore
        What has been measured.
    store : AlarmStore
        The alarms.
    wake_at : callable
        Asks for a tick at a moment.
    measured : callable, optional
        The AWS minute before which everything has been measured: no later one is looked at.

    Attributes
    ----------
    on_change : list of callable
        Told of each alarm in its new state, of the old state, and of the time.
    """

    def __init__(
        self,
        clock: Clock,
        metrics: MetricStore,
        store: AlarmStore,
        wake_at: Callable[[float], None],
        measured: Callable[[], int] | None = None,
    ) -> None:
        self._clock = clock
        self._measured = measured
        self._metrics = metrics
        self._store = store
        self._wake_at = wake_at
        self._actions: list[tuple[re.Pattern[str], Action, bool]] = []
        self.on_change: list[Callable[[Alarm, dict[str, Any], float], None]] = []

    def on_action(self, pattern: str, action: Action, *, repeat: bool = False) -> None:
        """Let a service carry out the actions whose ARNs are its own.

        Parameters
        ----------
        pattern : str
            A regular expression for the beginning of the ARN.
        action : callable
            Does it.
        repeat : bool
            Whether it is told again each minute that the alarm stays in its state, as scaling policies are.
        """
        self._actions.append((re.compile(pattern), action, repeat))

    def tick(self, now: float) -> None:
        """Evaluate what is due."""
        speed = self._clock.speed
        settle = min(SETTLE_SECONDS, MINUTE / speed / 4)
        passed = int((now - settle) * speed) // MINUTE
        minute = passed if self._measured is None else min(passed, self._measured())
        waiting = False
        for alarm in self._store.all():
            waiting = True
            if alarm.evaluated < minute:
                alarm.evaluated = minute
                self._evaluate(alarm, minute * MINUTE, now)
        if waiting:
            self._wake_at((passed + 1) * MINUTE / speed + settle)

    def _evaluate(self, alarm: Alarm, minute: int, now: float) -> None:
        asking = Asking(self._metrics, alarm.region, alarm.queries)
        alarm.judged, alarm.suspects = minute / self._clock.speed, ()
        try:
            points = asking.looking_back(alarm.watched, minute, alarm.rule.periods + EXTRA_PERIODS)
        except BadExpression as bad:
            self.enter(alarm, "INSUFFICIENT_DATA", f"Insufficient Data: the expression failed: {bad}", {}, now)
            return
        verdict = evaluate(alarm.rule, points, alarm.state)
        ends = [minute - age * asking.period for age, value in verdict.looked_at if alarm.rule.breaches(value)]
        alarm.suspects = tuple(((end - asking.period) / self._clock.speed, end / self._clock.speed) for end in ends)
        alarm.value = verdict.looked_at[0][1] if verdict.looked_at else None
        alarm.peak = max((value for _age, value in verdict.looked_at), default=None)
        if verdict.state != alarm.state:
            moments = {age: minute - (age + 1) * asking.period for age, _value in verdict.looked_at}
            shown = {age: f"{self._date(moment):%d/%m/%y %H:%M:%S}" for age, moment in moments.items()}
            data = self._data(alarm, verdict, asking.period, now)
            self.enter(alarm, verdict.state, reason(alarm.rule, verdict, shown), data, now)
        else:
            self._tell(alarm, now, again=True)

    def _date(self, moment: float) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(moment / self._clock.speed, datetime.UTC)

    def _data(self, alarm: Alarm, verdict: Verdict, period: int, now: float) -> dict[str, Any]:
        statistic = next((query.statistic for query in alarm.queries if query.metric is not None), "Average")
        return {
            "version": "1.0",
            "queryDate": datetime.datetime.fromtimestamp(now, datetime.UTC).isoformat(timespec="milliseconds"),
            "statistic": statistic,
            "period": period,
            "recentDatapoints": [value for _age, value in verdict.looked_at],
            "threshold": alarm.rule.threshold,
        }

    def enter(self, alarm: Alarm, state: str, why: str, data: dict[str, Any], now: float) -> None:
        """Put an alarm into a state, and tell whom its actions name.

        Parameters
        ----------
        alarm : Alarm
            The alarm.
        state : str
            OK, ALARM or INSUFFICIENT_DATA.
        why, data : str, dict
            ``StateReason`` and ``StateReasonData``.
        now : float
            Epoch seconds.
        """
        before, alarm.state = alarm.state, state
        alarm.before = before
        old = {"stateValue": before, "stateReason": alarm.reason}
        alarm.reason, alarm.reason_data = why, json.dumps(data, separators=(",", ":")) if data else ""
        alarm.changed = now
        new = {"stateValue": state, "stateReason": why, "stateReasonData": data}
        if before != state:
            told = {"version": "1.0", "oldState": old, "newState": new}
            summary = f"Alarm updated from {before} to {state}"
            self._store.note(alarm.region, Happening(alarm.name, now, "StateUpdate", summary, told))
            self._tell(alarm, now, again=False)
            for hook in self.on_change:
                hook(alarm, old, now)

    def _tell(self, alarm: Alarm, now: float, *, again: bool) -> None:
        if again and alarm.state != ALARM:
            return
        for arn in alarm.actions(alarm.state):
            found = [(action, repeat) for pattern, action, repeat in self._actions if pattern.match(arn)]
            action, repeat = found[0] if found else (None, False)
            if again and not repeat:
                continue
            if action is None:
                failed = "the embedded cloud does not carry out this action"
            else:
                try:
                    failed = action(alarm, arn, now)
                except Exception as bug:
                    log.exception("the action %s failed", arn)
                    failed = f"{type(bug).__name__}: {bug}"
            if not again:
                self._note_action(alarm, arn, failed, now)

    def _note_action(self, alarm: Alarm, arn: str, failed: str, now: float) -> None:
        state = "Failed" if failed else "Succeeded"
        summary = f"{'Failed to execute' if failed else 'Successfully executed'} action {arn}"
        data = {"actionState": state, "stateUpdateTimestamp": int(now * 1000), "notificationResource": arn}
        if failed:
            data["error"] = failed
        self._store.note(alarm.region, Happening(alarm.name, now, "Action", summary, data))
