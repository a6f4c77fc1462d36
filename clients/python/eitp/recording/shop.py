"""The pages of an invented car dealership that synthetic visitors walk through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .vocabulary import PageType, Role, Section

if TYPE_CHECKING:
    from .motor import Point

VIEWPORT: Point = (1280, 800)


@dataclass(frozen=True, slots=True)
class Element:
    """Something on a page, where it lies in the document."""

    name: str
    role: Role
    section: Section
    centre: Point
    size: Point
    fixed: bool = False
    """Whether it stays in the viewport when the page scrolls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the shop."""

    type: PageType
    height: int
    """CSS px of the whole document."""
    elements: tuple[Element, ...]
    """From the top layer down."""

    def element(self, name: str) -> Element:
        """Return the element of that name."""
        return next(element for element in self.elements if element.name == name)


_HEADER = (
    Element("logo", Role.LINK, Section.HEADER, (100, 40), (120, 50), fixed=True),
    Element("menu-trucks", Role.LINK, Section.NAVIGATION, (420, 40), (90, 36), fixed=True),
    Element("menu-offers", Role.LINK, Section.NAVIGATION, (540, 40), (90, 36), fixed=True),
    Element("search", Role.TEXT_FIELD, Section.HEADER, (860, 40), (280, 36), fixed=True),
    Element("chat", Role.BUTTON, Section.CHAT, (1190, 740), (120, 48), fixed=True),
)

HOME = Page(
    type=PageType.HOME,
    height=1800,
    elements=(
        *_HEADER,
        Element("hero", Role.IMAGE, Section.HERO, (640, 320), (1200, 420)),
        Element("see-trucks", Role.BUTTON, Section.HERO, (640, 620), (220, 56)),
        Element("guides", Role.TEXT, Section.DESCRIPTION, (640, 1150), (900, 300)),
    ),
)

LISTING = Page(
    type=PageType.LISTING,
    height=2400,
    elements=(
        *_HEADER,
        Element("filter-price", Role.SELECT, Section.NAVIGATION, (150, 260), (200, 40)),
        Element("filter-cab", Role.CHECKBOX, Section.NAVIGATION, (80, 340), (24, 24)),
        Element("truck-a", Role.LINK, Section.OTHER, (520, 380), (360, 300)),
        Element("truck-b", Role.LINK, Section.OTHER, (940, 380), (360, 300)),
        Element("truck-c", Role.LINK, Section.OTHER, (520, 960), (360, 300)),
        Element("compare", Role.CHECKBOX, Section.COMPARISON, (1100, 560), (24, 24)),
        Element("next-page", Role.PAGER, Section.NAVIGATION, (730, 2200), (60, 40)),
    ),
)

PRODUCT = Page(
    type=PageType.PRODUCT,
    height=3600,
    elements=(
        *_HEADER,
        Element("next-photo", Role.PAGER, Section.GALLERY, (790, 380), (44, 44)),
        Element("photo", Role.IMAGE, Section.GALLERY, (440, 380), (760, 480)),
        Element("view-3d", Role.CANVAS, Section.GALLERY, (440, 680), (760, 80)),
        Element("price", Role.PRICE, Section.PRICE, (1040, 240), (300, 70)),
        Element("reserve", Role.BUTTON, Section.PRICE, (1040, 360), (280, 56)),
        Element("stock", Role.TEXT, Section.AVAILABILITY, (1040, 440), (280, 40)),
        Element("description", Role.TEXT, Section.DESCRIPTION, (440, 980), (760, 380)),
        Element("specification", Role.TEXT, Section.SPECIFICATION, (440, 1440), (760, 400)),
        Element("term", Role.SELECT, Section.FINANCING, (520, 1860), (220, 44)),
        Element("deposit-more", Role.STEPPER, Section.FINANCING, (700, 1940), (36, 36)),
        Element("calculate", Role.BUTTON, Section.FINANCING, (640, 2040), (240, 56)),
        Element("reviews", Role.TEXT, Section.REVIEWS, (440, 2480), (760, 500)),
        Element("guarantee", Role.IMAGE, Section.TRUST, (440, 2900), (300, 120)),
        Element("dealer", Role.TEXT, Section.TRUST, (820, 2900), (300, 120)),
        Element("imprint", Role.LINK, Section.FOOTER, (240, 3520), (120, 30)),
    ),
)

CONFIGURATOR = Page(
    type=PageType.CONFIGURATOR,
    height=1600,
    elements=(
        *_HEADER,
        Element("preview", Role.CANVAS, Section.GALLERY, (440, 420), (760, 560)),
        Element("colour-blue", Role.BUTTON, Section.OPTIONS, (960, 240), (48, 48)),
        Element("colour-red", Role.BUTTON, Section.OPTIONS, (1030, 240), (48, 48)),
        Element("wheel-size", Role.STEPPER, Section.OPTIONS, (1100, 340), (36, 36)),
        Element("tow-bar", Role.CHECKBOX, Section.OPTIONS, (960, 430), (24, 24)),
        Element("total", Role.PRICE, Section.PRICE, (1040, 540), (300, 70)),
        Element("request", Role.BUTTON, Section.PRICE, (1040, 640), (280, 56)),
    ),
)

COMPARISON = Page(
    type=PageType.COMPARISON,
    height=1700,
    elements=(
        *_HEADER,
        Element("row-price", Role.PRICE, Section.COMPARISON, (640, 260), (1000, 60)),
        Element("row-towing", Role.TEXT, Section.COMPARISON, (640, 420), (1000, 60)),
        Element("row-fuel", Role.TEXT, Section.COMPARISON, (640, 560), (1000, 60)),
        Element("choose-a", Role.BUTTON, Section.COMPARISON, (520, 700), (180, 48)),
        Element("choose-b", Role.BUTTON, Section.COMPARISON, (900, 700), (180, 48)),
    ),
)

LEAD = Page(
    type=PageType.CHECKOUT,
    height=1200,
    elements=(
        *_HEADER,
        Element("name", Role.TEXT_FIELD, Section.FORM, (520, 260), (420, 44)),
        Element("email", Role.TEXT_FIELD, Section.FORM, (520, 340), (420, 44)),
        Element("phone", Role.TEXT_FIELD, Section.FORM, (520, 420), (420, 44)),
        Element("consent", Role.CHECKBOX, Section.FORM, (330, 500), (24, 24)),
        Element("summary", Role.TEXT, Section.CART_SUMMARY, (1000, 340), (320, 260)),
        Element("send", Role.BUTTON, Section.FORM, (520, 590), (240, 56)),
    ),
)

CONFIRMATION = Page(
    type=PageType.CONFIRMATION,
    height=900,
    elements=(
        *_HEADER,
        Element("thanks", Role.TEXT, Section.DESCRIPTION, (640, 320), (700, 160)),
    ),
)
