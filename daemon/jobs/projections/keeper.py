"""Keeps the projections as far as the records go: behind every flush, a page at a time.

What was folded before lies in the fold's memory and nowhere else, so each start folds the records
from the first on; what is in the tables already is not written again. The cursor moves in one
transaction with the rows, so a crash between two pages, or within one, changes nothing about them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Final

from msgspec import Struct

from daemon.domain.chain import Head
from daemon.domain.orders.words import IntentRecorded
from daemon.errors import StoreError
from daemon.jobs.projections.fold import Fold
from daemon.jobs.projections.schema import PROJECTIONS
from daemon.messages import BasketOpened, CodeLoaded
from daemon.messages.cells import home_of
from daemon.storage.codec import Row, TicksTaken, decode_fact
from daemon.storage.reader import Wanted
from daemon.storage.store import Store
from daemon.storage.tables.keeping import Place, Tables, place_in
from daemon.storage.tables.words import Changes

PAGE: Final = 1_000
"""Records that are folded and written together at most."""
_EVIDENCE: Final = 1_000
"""Among so many records, at the least, one tells which account is at home."""


class Standing(Struct, frozen=True):
    """How far the projections are.

    Attributes:
        where: they are kept.
        folded: records that are in them.
        records: that there are.
    """

    where: str
    folded: int
    records: int

    @property
    def behind(self) -> int:
        """Records that are not in them yet."""
        return self.records - self.folded


class Projections:
    """The projections of one owner's records.

    Args:
        store: of the records.
        owner_id: whose.
        first: the account that a ledger without any order begins with.
        breathe: is called after each record, by whoever must not take the machine for himself.
        page: so many records are written together.

    Raises:
        StoreError: the tables cannot be made.
    """

    def __init__(
        self,
        store: Store,
        owner_id: str,
        first: str,
        breathe: Callable[[], object] = lambda: None,
        page: int = PAGE,
    ) -> None:
        self._store = store
        self._owner_id = owner_id
        self._first = first
        self._breathe = breathe
        self._page = page
        db = store.tables(PROJECTIONS.name)
        try:
            self.tables = Tables(db, PROJECTIONS, owner_id)
            self._records = store.open_aside()
        except StoreError:
            db.close()
            raise
        self._fold: Fold | None = None
        self._unwritten: tuple[Changes, int, str] | None = None
        self._folded = self._written = 0

    def fold_on(self) -> bool:
        """Fold the next page; say whether there was one.

        Raises:
            StoreError: the records cannot be read, or the rows not be written; it may be tried
                again.
        """
        if self._unwritten is None and not self._fold_page():
            return False
        if self._unwritten is not None:
            changes, reached, link = self._unwritten
            done = self.tables.write(changes, self._written, reached, link)
            self._unwritten = None
            if done:
                self._folded = self._written = reached
            else:  # somebody else folds them too, and was quicker
                self._fold = None
        return True

    def rebuild(self) -> int:
        """Take all rows away and fold every record anew; return how many there are.

        Raises:
            StoreError: it could not be done.
        """
        self.tables.clear(self._home())
        self._fold = self._unwritten = None
        while self.fold_on():
            pass
        return self._folded

    def standing(self) -> Standing:
        """Return how far the tables are.

        Raises:
            StoreError: they, or the records, cannot be read.
        """
        return _standing(self._store, self.tables.name, self.tables.place())

    def close(self) -> None:
        """Let go of the tables and of the records."""
        self.tables.close()
        self._records.close()

    def _fold_page(self) -> bool:
        """Fold one more page, to be written where it is not yet; say whether there was one."""
        fold, self._fold = self._fold, None  # of a page that fails nobody knows what was folded
        fold = fold or self._begun()
        head = self._records.reader.head()
        # What is written already ends with a page, so that no page is written in part.
        is_written = self._folded < self._written
        last = self._written if is_written else head.count
        wanted = Wanted(
            without=(TicksTaken,),
            first=self._folded + 1,
            last=last,
            owner_id=self._owner_id,
            most=self._page,
        )
        rows = list(self._records.reader.find(wanted))
        reached, link = last, head.digest
        if len(rows) == self._page:
            reached, link = rows[-1].number, rows[-1].link
        self._take(fold, rows)
        changes, self._fold = fold.drained(), fold
        if is_written:
            self._folded = reached
        elif reached > self._folded:
            self._unwritten = changes, reached, link.hex()
        return is_written or self._unwritten is not None

    def _take(self, fold: Fold, rows: list[Row]) -> None:
        for row in rows:
            fold.take(row)
            self._breathe()

    def _begun(self) -> Fold:
        """Return a new fold; rows of other records, or of another home, are taken away first."""
        place, home = self.tables.place(), self._home()
        stands = self._records.reader.has(Head(place.number, bytes.fromhex(place.link)))
        if home != place.home or (place.number and not stands):
            self.tables.clear(home)
            place = self.tables.place()
        self._folded, self._written = 0, place.number
        return Fold(home)

    def _home(self) -> str:
        wanted = Wanted(
            (CodeLoaded, BasketOpened, IntentRecorded), owner_id=self._owner_id, most=_EVIDENCE
        )
        told = self._records.reader.find(wanted)
        return home_of((decode_fact(row.body) for row in told), self._first)


def standing_of(store: Store, owner_id: str) -> Standing | None:
    """Return how far the projections of one's records are; None: there are none yet.

    Raises:
        StoreError: they, or the records, cannot be read.
    """
    db = store.tables_there(PROJECTIONS.name)
    if db is None:
        return None
    with closing(db):
        place = place_in(db, PROJECTIONS.name, owner_id)
        return None if place is None else _standing(store, db.name, place)


def rebuilt(store: Store, owner_id: str, first: str) -> Standing:
    """Make the projections of one's records anew, and return how far they are.

    Raises:
        StoreError: it could not be done.
    """
    with closing(Projections(store, owner_id, first)) as projections:
        projections.rebuild()
        return projections.standing()


def _standing(store: Store, name: str, place: Place) -> Standing:
    with store.reading() as reader:
        return Standing(name, place.number, reader.head().count)
