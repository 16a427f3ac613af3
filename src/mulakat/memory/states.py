"""Normal, alert, refusing: how full memory is, in steps that do not flap."""

from mulakat.memory.snapshot import State

HYSTERESIS = 0.05
"""How far below the line that was crossed the ratio must fall: 75 % ends an alert of 80 %."""

ALERT_SAMPLES = 3
"""Samples in a row above the line that make an alert. One answer's model load or one window
may pass it for a moment, which nobody needs to hear of; refusing begins at once."""


class States:
    """The state by the ratio of working set to limit; `alert` and `refuse` are the two lines."""

    def __init__(self, alert: float, refuse: float) -> None:
        self._alert = alert
        self._refuse = refuse
        self._above = 0
        self.state: State = "normal"

    @property
    def opens_at(self) -> float:
        """The ratio below which new audio is taken again."""
        return self._refuse - HYSTERESIS

    def step(self, ratio: float) -> State:
        """Take one sample and return the state it leads to."""
        self._above = self._above + 1 if ratio >= self._alert else 0
        refused, alerted = self.state == "refusing", self.state != "normal"
        if ratio >= self._refuse or (refused and ratio >= self.opens_at):
            self.state = "refusing"
        elif self._above >= ALERT_SAMPLES or (alerted and ratio >= self._alert - HYSTERESIS):
            self.state = "alert"
        else:
            self.state = "normal"
        return self.state
