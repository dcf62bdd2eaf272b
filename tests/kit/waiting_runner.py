"""A strategy runner whose entry an account keeps waiting, alone and on the pump with its router."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from daemon.actors.order_router import OrderRouter, Terms
from daemon.actors.strategy_runner.fan_out import Place
from daemon.actors.strategy_runner.runner import HEARS, StrategyRunner
from daemon.domain.orders.ids import IntentIds
from daemon.messages import Ask, BasketEnded, SeeStrategy, Told
from daemon.runtime.budget import Budget
from daemon.runtime.words import Origin, Show, Tell
from tests.kit.acting import DAY, ROUTER, clock, day_opened, others, prices
from tests.kit.plans import CALL, GUARD, PUT, parse, text
from tests.kit.router import WIDE
from tests.kit.scripted import Notebook
from tests.kit.scripted import Stage as World

HOURS = "[entry]\nat = 09:30:00\nno_later_than = 10:00:00\n[exit]\nat = 15:20:00\n"
PLAN = parse(text(legs=CALL + PUT, tail=GUARD, hours=HOURS))
HOME, BETA = Place(ROUTER, "alpha"), Place("router:beta", "beta", "beta")
AT, TEN = clock("09:30:00"), clock("10:00:00")
TERMS = Terms("paper", "broker", strict=False)
WAITS = "the entry waits: entries are paused: no beat"


def runner(*before, places=(HOME,)) -> StrategyRunner:
    """One that was told this before."""
    return StrategyRunner(PLAN, places, strict=False, facts=before)


def wait(entry: str = "", place: Place = HOME) -> BasketEnded:
    """The word of an account that keeps an entry waiting."""
    name = f"s@{place.mark}" if place.mark else "s"
    because = "entries are paused: no beat"
    return BasketEnded(f"{name}:{DAY}{entry}", "s", False, because, AT, place.mark, waits=True)


def final(entry: str = "", place: Place = HOME, because: str = "") -> BasketEnded:
    """The last word of an account: it is in, or why it is not."""
    return replace(wait(entry, place), complete=not because, because=because, waits=False)


def see(made, at_ns=AT, nifty="24555", **given):
    """What the runner does on a frame of the straddle."""
    return made.handle(prices(at_ns, "100", "95", NIFTY=nifty, **given), at_ns)


def baskets(effects) -> dict[str, str]:
    """Which basket each router is told of."""
    return {each.to: each.message.opened.basket.basket_id for each in others(effects, Tell)}


def status(made, at_ns=AT) -> str:
    """What it says of itself."""
    (show,) = others(made.handle(Ask(1, SeeStrategy()), at_ns), Show)
    assert isinstance(show.view, Told)
    return show.view.answer.status


def waiting(*places: Place) -> StrategyRunner:
    """One that has decided, and was told to wait everywhere."""
    made = runner(day_opened(), places=places or (HOME,))
    assert baskets(see(made))
    for place in places or (HOME,):
        made.handle(wait(place=place), AT)
    return made


class Pumped:
    """A runner and its router on the pump, and a broker that answers nothing.

    Args:
        outside: what comes in with a message: (actor, message) each.
    """

    def __init__(self, outside: Callable[[object], list] = lambda _: []) -> None:
        self.ledger = Notebook()
        self.ledger.append((day_opened(),), Origin("market", 0, 0), 0)
        self.world = world = World(self.ledger)
        world.add(ROUTER, restore=lambda past: OrderRouter(TERMS, IntentIds(1), Budget(WIDE), past))
        world.add("runner:s", restore=lambda past: runner(*past), hears=HEARS)
        world.ports["broker"] = unheard
        world.outside = lambda message, _: outside(message)
        self.pump = world.pump()

    def tell(self, to: str, message: object, at_ns: int = AT) -> None:
        """Tell one of the two something."""
        self.pump.tell(to, message, at_ns)

    def told(self, kind: type) -> list:
        """The facts of one kind."""
        return [fact for fact in self.ledger.facts() if isinstance(fact, kind)]

    def ask(self, about: object, to: str = ROUTER) -> object:
        """Ask one of the two; what it answers."""
        self.tell(to, Ask(99, about), self.pump.now_ns)
        return self.world.shown.pop().answer


async def unheard(_: object) -> tuple[()]:
    """A broker that answers nothing."""
    return ()
