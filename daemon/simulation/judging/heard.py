"""What people outside have heard and seen: one answer to a request, and figures that end true."""

from __future__ import annotations

from daemon.messages import PnlFrame, RequestAnswered
from daemon.simulation.judging.judge import Violated
from daemon.simulation.judging.known import Known


class Heard:
    """Judges what was told to people, by whichever life of the daemon."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[int, str]] = {}
        self._newest: PnlFrame | None = None

    def answered(self, told: RequestAnswered) -> None:
        """Judge an answer to a request.

        Raises:
            Violated: the same request was answered otherwise before.
        """
        answer = (told.status, told.body)
        before = self._answers.setdefault(told.request_id, answer)
        if before != answer:
            raise Violated("I17", f"{told.request_id} was answered {before}, and now {answer}")

    def declined(self, request_id: str, because: str) -> None:
        """Judge that a request is not answered.

        Raises:
            Violated: it was before.
        """
        if request_id in self._answers:
            raise Violated("I17", f"{request_id} was answered before, and now: {because}")

    def saw(self, frame: PnlFrame) -> None:
        """Judge what is shown of profit.

        Raises:
            Violated: something newer was shown before.
        """
        if self._newest is not None and frame.at_ns < self._newest.at_ns:
            raise Violated("I22", f"{frame.at_ns} is shown after {self._newest.at_ns}")
        self._newest = frame

    def judge_end(self, known: Known) -> None:
        """Judge what it has come to.

        Raises:
            Violated: the figures shown are not those of the record.
        """
        for watch in self._newest.risk.watches if self._newest is not None else ():
            shown = {leg.leg_id: leg.quantity for leg in watch.legs}
            position = {leg_id: known.book.position(watch.strategy_id, leg_id) for leg_id in shown}
            held = {leg_id: each.net_quantity for leg_id, each in position.items()}
            if shown != held:
                raise Violated("I22", f"of {watch.strategy_id} {shown} is shown, and {held} held")
            known_e4 = (
                each.sold_value_e4 - each.bought_value_e4
                for leg_id, each in position.items()
                if (watch.strategy_id, leg_id) not in known.expired
            )
            cash_e4 = sum(known_e4)
            cash_e4 -= sum(known.bygone_e4.get((watch.strategy_id, each), 0) for each in shown)
            if not any(held.values()) and watch.realised_e4 != cash_e4:
                sentence = f"{watch.realised_e4} is shown as earned, and it is {cash_e4}"
                raise Violated("I22", f"of {watch.strategy_id} {sentence}")
