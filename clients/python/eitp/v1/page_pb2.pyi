from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PageType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAGE_TYPE_UNSPECIFIED: _ClassVar[PageType]
    PAGE_TYPE_HOME: _ClassVar[PageType]
    PAGE_TYPE_LISTING: _ClassVar[PageType]
    PAGE_TYPE_SEARCH: _ClassVar[PageType]
    PAGE_TYPE_PRODUCT: _ClassVar[PageType]
    PAGE_TYPE_CONFIGURATOR: _ClassVar[PageType]
    PAGE_TYPE_COMPARISON: _ClassVar[PageType]
    PAGE_TYPE_CART: _ClassVar[PageType]
    PAGE_TYPE_CHECKOUT: _ClassVar[PageType]
    PAGE_TYPE_CONFIRMATION: _ClassVar[PageType]
    PAGE_TYPE_ACCOUNT: _ClassVar[PageType]
    PAGE_TYPE_CONTENT: _ClassVar[PageType]
    PAGE_TYPE_SUPPORT: _ClassVar[PageType]
    PAGE_TYPE_OTHER: _ClassVar[PageType]

class PageSection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAGE_SECTION_UNSPECIFIED: _ClassVar[PageSection]
    PAGE_SECTION_HEADER: _ClassVar[PageSection]
    PAGE_SECTION_NAVIGATION: _ClassVar[PageSection]
    PAGE_SECTION_HERO: _ClassVar[PageSection]
    PAGE_SECTION_GALLERY: _ClassVar[PageSection]
    PAGE_SECTION_DESCRIPTION: _ClassVar[PageSection]
    PAGE_SECTION_SPECIFICATION: _ClassVar[PageSection]
    PAGE_SECTION_PRICE: _ClassVar[PageSection]
    PAGE_SECTION_FINANCING: _ClassVar[PageSection]
    PAGE_SECTION_OPTIONS: _ClassVar[PageSection]
    PAGE_SECTION_AVAILABILITY: _ClassVar[PageSection]
    PAGE_SECTION_SHIPPING: _ClassVar[PageSection]
    PAGE_SECTION_REVIEWS: _ClassVar[PageSection]
    PAGE_SECTION_TRUST: _ClassVar[PageSection]
    PAGE_SECTION_COMPARISON: _ClassVar[PageSection]
    PAGE_SECTION_CART_SUMMARY: _ClassVar[PageSection]
    PAGE_SECTION_FORM: _ClassVar[PageSection]
    PAGE_SECTION_PAYMENT: _ClassVar[PageSection]
    PAGE_SECTION_FOOTER: _ClassVar[PageSection]
    PAGE_SECTION_CHAT: _ClassVar[PageSection]
    PAGE_SECTION_OTHER: _ClassVar[PageSection]

class CartBucket(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CART_BUCKET_UNSPECIFIED: _ClassVar[CartBucket]
    CART_BUCKET_EMPTY: _ClassVar[CartBucket]
    CART_BUCKET_UNDER_25: _ClassVar[CartBucket]
    CART_BUCKET_UNDER_50: _ClassVar[CartBucket]
    CART_BUCKET_UNDER_100: _ClassVar[CartBucket]
    CART_BUCKET_UNDER_250: _ClassVar[CartBucket]
    CART_BUCKET_UNDER_1000: _ClassVar[CartBucket]
    CART_BUCKET_UNDER_10000: _ClassVar[CartBucket]
    CART_BUCKET_ABOVE: _ClassVar[CartBucket]

class TargetRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TARGET_ROLE_UNSPECIFIED: _ClassVar[TargetRole]
    TARGET_ROLE_BUTTON: _ClassVar[TargetRole]
    TARGET_ROLE_LINK: _ClassVar[TargetRole]
    TARGET_ROLE_TEXT_FIELD: _ClassVar[TargetRole]
    TARGET_ROLE_SELECT: _ClassVar[TargetRole]
    TARGET_ROLE_CHECKBOX: _ClassVar[TargetRole]
    TARGET_ROLE_STEPPER: _ClassVar[TargetRole]
    TARGET_ROLE_PAGER: _ClassVar[TargetRole]
    TARGET_ROLE_IMAGE: _ClassVar[TargetRole]
    TARGET_ROLE_CANVAS: _ClassVar[TargetRole]
    TARGET_ROLE_VIDEO: _ClassVar[TargetRole]
    TARGET_ROLE_PRICE: _ClassVar[TargetRole]
    TARGET_ROLE_FORM: _ClassVar[TargetRole]
    TARGET_ROLE_TEXT: _ClassVar[TargetRole]
    TARGET_ROLE_OTHER: _ClassVar[TargetRole]
PAGE_TYPE_UNSPECIFIED: PageType
PAGE_TYPE_HOME: PageType
PAGE_TYPE_LISTING: PageType
PAGE_TYPE_SEARCH: PageType
PAGE_TYPE_PRODUCT: PageType
PAGE_TYPE_CONFIGURATOR: PageType
PAGE_TYPE_COMPARISON: PageType
PAGE_TYPE_CART: PageType
PAGE_TYPE_CHECKOUT: PageType
PAGE_TYPE_CONFIRMATION: PageType
PAGE_TYPE_ACCOUNT: PageType
PAGE_TYPE_CONTENT: PageType
PAGE_TYPE_SUPPORT: PageType
PAGE_TYPE_OTHER: PageType
PAGE_SECTION_UNSPECIFIED: PageSection
PAGE_SECTION_HEADER: PageSection
PAGE_SECTION_NAVIGATION: PageSection
PAGE_SECTION_HERO: PageSection
PAGE_SECTION_GALLERY: PageSection
PAGE_SECTION_DESCRIPTION: PageSection
PAGE_SECTION_SPECIFICATION: PageSection
PAGE_SECTION_PRICE: PageSection
PAGE_SECTION_FINANCING: PageSection
PAGE_SECTION_OPTIONS: PageSection
PAGE_SECTION_AVAILABILITY: PageSection
PAGE_SECTION_SHIPPING: PageSection
PAGE_SECTION_REVIEWS: PageSection
PAGE_SECTION_TRUST: PageSection
PAGE_SECTION_COMPARISON: PageSection
PAGE_SECTION_CART_SUMMARY: PageSection
PAGE_SECTION_FORM: PageSection
PAGE_SECTION_PAYMENT: PageSection
PAGE_SECTION_FOOTER: PageSection
PAGE_SECTION_CHAT: PageSection
PAGE_SECTION_OTHER: PageSection
CART_BUCKET_UNSPECIFIED: CartBucket
CART_BUCKET_EMPTY: CartBucket
CART_BUCKET_UNDER_25: CartBucket
CART_BUCKET_UNDER_50: CartBucket
CART_BUCKET_UNDER_100: CartBucket
CART_BUCKET_UNDER_250: CartBucket
CART_BUCKET_UNDER_1000: CartBucket
CART_BUCKET_UNDER_10000: CartBucket
CART_BUCKET_ABOVE: CartBucket
TARGET_ROLE_UNSPECIFIED: TargetRole
TARGET_ROLE_BUTTON: TargetRole
TARGET_ROLE_LINK: TargetRole
TARGET_ROLE_TEXT_FIELD: TargetRole
TARGET_ROLE_SELECT: TargetRole
TARGET_ROLE_CHECKBOX: TargetRole
TARGET_ROLE_STEPPER: TargetRole
TARGET_ROLE_PAGER: TargetRole
TARGET_ROLE_IMAGE: TargetRole
TARGET_ROLE_CANVAS: TargetRole
TARGET_ROLE_VIDEO: TargetRole
TARGET_ROLE_PRICE: TargetRole
TARGET_ROLE_FORM: TargetRole
TARGET_ROLE_TEXT: TargetRole
TARGET_ROLE_OTHER: TargetRole

class Target(_message.Message):
    __slots__ = ("identity", "role", "section")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    identity: int
    role: TargetRole
    section: PageSection
    def __init__(self, identity: _Optional[int] = ..., role: _Optional[_Union[TargetRole, str]] = ..., section: _Optional[_Union[PageSection, str]] = ...) -> None: ...

class PageContext(_message.Message):
    __slots__ = ("type", "identity", "view", "viewport_width", "viewport_height", "document_height", "device_pixel_ratio", "cart")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    VIEWPORT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    VIEWPORT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_PIXEL_RATIO_FIELD_NUMBER: _ClassVar[int]
    CART_FIELD_NUMBER: _ClassVar[int]
    type: PageType
    identity: int
    view: int
    viewport_width: int
    viewport_height: int
    document_height: int
    device_pixel_ratio: float
    cart: CartBucket
    def __init__(self, type: _Optional[_Union[PageType, str]] = ..., identity: _Optional[int] = ..., view: _Optional[int] = ..., viewport_width: _Optional[int] = ..., viewport_height: _Optional[int] = ..., document_height: _Optional[int] = ..., device_pixel_ratio: _Optional[float] = ..., cart: _Optional[_Union[CartBucket, str]] = ...) -> None: ...
