"""What synthetic visitors come for and run into: one script each, all in the same shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .shop import COMPARISON, CONFIGURATOR, CONFIRMATION, HOME, LEAD, LISTING, PRODUCT
from .vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from .visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A script and what it was written to show."""

    name: str
    plays: str
    """The behaviour that the script acts out. It is what the author meant, not what anyone felt."""
    outcome: str
    """How it ends: lead (the form is sent) or left."""
    script: Callable[[Visit], None]


def _find_truck(visit: Visit, truck: str = "truck-a") -> None:
    visit.read(16)
    visit.click("see-trucks")
    visit.open(LISTING)
    visit.read(18)
    visit.click(truck)
    visit.open(PRODUCT)


def _send_lead(visit: Visit) -> None:
    visit.open(LEAD)
    visit.type("name", 9)
    visit.type("email", 14)
    visit.click("consent")
    visit.click("send")
    visit.open(CONFIRMATION)
    visit.read(12)


def _calm_buyer(visit: Visit) -> None:
    _find_truck(visit)
    visit.point("photo")
    visit.read(30)
    visit.scroll(700)
    visit.read(60)
    visit.point("price")
    visit.read(14)
    visit.click("reserve")
    _send_lead(visit)
    visit.leave()


def _skimmer(visit: Visit) -> None:
    visit.scroll(900)
    visit.read(14)
    visit.click("menu-trucks")
    visit.open(LISTING)
    visit.scroll(1500)
    visit.read(24)
    visit.click("next-page")
    visit.scroll(-1400)
    visit.click("truck-c")
    visit.open(PRODUCT)
    visit.scroll(2600)
    visit.read(12)
    visit.scroll(-1200)
    visit.look_elsewhere(9)
    visit.read(20)
    visit.scroll(800)
    visit.wait(5)
    visit.leave()


def _comparer(visit: Visit) -> None:
    _find_truck(visit)
    visit.read(24)
    visit.open(LISTING, Kind.BACK)
    visit.click("truck-b")
    visit.open(PRODUCT)
    visit.read(24)
    visit.open(LISTING, Kind.BACK)
    visit.click("compare")
    visit.open(COMPARISON)
    for row in ("row-price", "row-towing", "row-price", "row-fuel"):
        visit.point(row)
        visit.read(12)
    visit.click("choose-b")
    visit.open(PRODUCT)
    visit.read(16)
    visit.click("reserve")
    _send_lead(visit)


def _price_hesitant(visit: Visit) -> None:
    _find_truck(visit)
    visit.read(24)
    visit.point("price")
    visit.wait(3.5)
    visit.point("reserve")
    visit.wait(4)
    visit.point("price")
    visit.wait(2.5)
    visit.scroll(1500)
    visit.scroll(-1500)
    visit.point("reserve")
    visit.wait(3)
    visit.look_elsewhere(8)
    visit.point("price")
    visit.wait(3)
    visit.scroll(1100)
    visit.read(20)
    visit.scroll(-1100)
    visit.leave()


def _reach_financing(visit: Visit) -> None:
    _find_truck(visit)
    visit.point("price")
    visit.read(16)
    visit.scroll(1500)
    visit.click("term")
    visit.click("deposit-more")
    visit.click_dead("calculate", 2)
    visit.wait(2.8)
    visit.click_dead("calculate", 6)
    visit.flail(7)
    visit.click_dead("calculate", 5)
    visit.wait(2.7)


def _financing_rage_leaves(visit: Visit) -> None:
    _reach_financing(visit)
    visit.flail(5)
    visit.scroll(-800)
    visit.scroll(800)
    visit.click_dead("calculate", 4)
    visit.wait(2.6)
    visit.open(LISTING, Kind.BACK)
    visit.wait(0.4)
    visit.open(HOME, Kind.BACK)
    visit.leave()


def _financing_rage_recovers(visit: Visit) -> None:
    _reach_financing(visit)
    visit.click("chat")
    visit.read(35)
    visit.click("calculate")
    visit.read(20)
    visit.point("price")
    visit.click("reserve")
    _send_lead(visit)


def _trust_doubter(visit: Visit) -> None:
    _find_truck(visit, "truck-b")
    visit.read(20)
    visit.point("reviews")
    visit.read(50)
    visit.point("guarantee")
    visit.read(14)
    visit.copy("dealer")
    visit.look_elsewhere(9)
    visit.point("dealer")
    visit.read(14)
    visit.click("imprint")
    visit.read(20)
    visit.point("reviews")
    visit.read(25)
    visit.leave()


def _lost(visit: Visit) -> None:
    visit.read(20)
    visit.click("menu-offers")
    visit.open(LISTING)
    visit.read(14)
    visit.scroll(900)
    visit.scroll(-900)
    visit.open(HOME, Kind.BACK)
    visit.click("menu-trucks")
    visit.open(LISTING)
    visit.read(8)
    visit.open(HOME, Kind.BACK)
    visit.open(LISTING, Kind.FORWARD)
    visit.click_dead("filter-price")
    visit.wait(2.7)
    visit.type("search", 8)
    visit.scroll(1200)
    visit.scroll(-1200)
    visit.click("truck-c")
    visit.open(PRODUCT)
    visit.scroll(1900)
    visit.scroll(-1500)
    visit.scroll(1300)
    visit.read(24)
    visit.open(LISTING, Kind.BACK)
    visit.click("menu-offers")
    visit.open(LISTING)
    visit.read(24)
    visit.leave()


def _form_struggler(visit: Visit) -> None:
    _find_truck(visit)
    visit.read(12)
    visit.click("reserve")
    visit.open(LEAD)
    visit.type("name", 9)
    visit.type("email", 13)
    visit.type("phone", 8)
    visit.click("consent")
    visit.click_dead("send")
    visit.fail()
    visit.wait(2.8)
    visit.type("phone", 5)
    visit.click_dead("send", 3)
    visit.fail()
    visit.wait(2.7)
    visit.read(8)
    visit.type("email", 4)
    visit.click("send", answer_ms=900)
    visit.open(CONFIRMATION)
    visit.read(10)


def _slow_page(visit: Visit) -> None:
    visit.read(14)
    for name, waited_ms in (("see-trucks", 1900), ("menu-trucks", 2300)):
        visit.click(name, answer_ms=waited_ms)
    visit.open(LISTING)
    visit.read(14)
    for waited_ms in (1500, 2200, 2400):
        visit.click("filter-cab", answer_ms=waited_ms)
        visit.flail(2)
    visit.click("truck-a", answer_ms=2400)
    visit.open(PRODUCT)
    visit.read(20)
    visit.click("next-photo", answer_ms=2100)
    visit.click("next-photo", answer_ms=2300)
    visit.scroll(1500)
    visit.click("term", answer_ms=2200)
    visit.click("calculate", answer_ms=2400)
    visit.read(14)
    visit.leave()


def _configures(visit: Visit) -> None:
    visit.read(10)
    visit.click("hero")
    visit.open(CONFIGURATOR)
    for choice in ("colour-blue", "colour-red", "colour-blue"):
        visit.click(choice)
        visit.read(8)
    visit.click_fast("wheel-size", 6)
    visit.read(8)
    visit.click_fast("wheel-size", 5)
    visit.click("tow-bar")
    visit.point("total")
    visit.read(14)
    visit.click_fast("preview", 4)
    visit.read(20)
    visit.click("request")
    _send_lead(visit)


def _looks_at_photos(visit: Visit) -> None:
    _find_truck(visit)
    visit.click_fast("next-photo", 6)
    visit.read(20)
    visit.click_fast("next-photo", 7)
    visit.read(16)
    visit.click_fast("view-3d", 5)
    visit.read(45)
    visit.point("specification")
    visit.read(60)
    visit.copy("specification")
    visit.look_elsewhere(4)
    visit.read(16)
    visit.leave()


SCENARIOS = (
    Scenario(name="calm-buyer", plays="interest", outcome="lead", script=_calm_buyer),
    Scenario(name="skimmer", plays="disengagement", outcome="left", script=_skimmer),
    Scenario(name="comparer", plays="comparison", outcome="lead", script=_comparer),
    Scenario(name="price-hesitant", plays="hesitation", outcome="left", script=_price_hesitant),
    Scenario(
        name="financing-rage-leaves",
        plays="frustration",
        outcome="left",
        script=_financing_rage_leaves,
    ),
    Scenario(
        name="financing-rage-recovers",
        plays="frustration",
        outcome="lead",
        script=_financing_rage_recovers,
    ),
    Scenario(name="trust-doubter", plays="trust_concern", outcome="left", script=_trust_doubter),
    Scenario(name="lost", plays="confusion", outcome="left", script=_lost),
    Scenario(name="form-struggler", plays="frustration", outcome="lead", script=_form_struggler),
    Scenario(name="slow-page", plays="frustration", outcome="left", script=_slow_page),
    Scenario(name="configures", plays="interest", outcome="lead", script=_configures),
    Scenario(name="looks-at-photos", plays="interest", outcome="left", script=_looks_at_photos),
)
"""In `configures` and `looks-at-photos` people click fast on purpose: nobody is angry there."""
