"""The closed vocabularies of a recording: the protocol's enum values in lower case."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What an event is; `eitp.v1.EventKind`."""

    MOVE = "move"
    DOWN = "down"
    UP = "up"
    CLICK = "click"
    SCROLL = "scroll"
    KEY = "key"
    FOCUS = "focus"
    BLUR = "blur"
    HIDDEN = "hidden"
    VISIBLE = "visible"
    BACK = "back"
    FORWARD = "forward"
    NAVIGATE = "navigate"
    RESPONSE = "response"
    NO_RESPONSE = "no_response"
    SCRIPT_ERROR = "script_error"
    SELECT = "select"
    COPY = "copy"


POINTER_KINDS = frozenset({Kind.MOVE, Kind.DOWN, Kind.UP, Kind.CLICK})
"""Kinds that the pointer itself makes: they have a position and know what is under it."""


class Role(StrEnum):
    """What a target is to the shopper; `eitp.v1.TargetRole`."""

    BUTTON = "button"
    LINK = "link"
    TEXT_FIELD = "text_field"
    SELECT = "select"
    CHECKBOX = "checkbox"
    STEPPER = "stepper"
    PAGER = "pager"
    IMAGE = "image"
    CANVAS = "canvas"
    VIDEO = "video"
    PRICE = "price"
    FORM = "form"
    TEXT = "text"
    OTHER = "other"


class Section(StrEnum):
    """Which part of a page a target belongs to; `eitp.v1.PageSection`."""

    HEADER = "header"
    NAVIGATION = "navigation"
    HERO = "hero"
    GALLERY = "gallery"
    DESCRIPTION = "description"
    SPECIFICATION = "specification"
    PRICE = "price"
    FINANCING = "financing"
    OPTIONS = "options"
    AVAILABILITY = "availability"
    SHIPPING = "shipping"
    REVIEWS = "reviews"
    TRUST = "trust"
    COMPARISON = "comparison"
    CART_SUMMARY = "cart_summary"
    FORM = "form"
    PAYMENT = "payment"
    FOOTER = "footer"
    CHAT = "chat"
    OTHER = "other"


class PageType(StrEnum):
    """What a page is for; `eitp.v1.PageType`."""

    HOME = "home"
    LISTING = "listing"
    SEARCH = "search"
    PRODUCT = "product"
    CONFIGURATOR = "configurator"
    COMPARISON = "comparison"
    CART = "cart"
    CHECKOUT = "checkout"
    CONFIRMATION = "confirmation"
    ACCOUNT = "account"
    CONTENT = "content"
    SUPPORT = "support"
    OTHER = "other"
