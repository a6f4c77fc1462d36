"""How a recording is cut into batches, by example."""

from __future__ import annotations

from eitp.recording import Event, Kind, PageType, Recording, Role, Section, Target, cut, thin


def event(t_ms: float, kind: Kind = Kind.MOVE, x: float = 0, y: float = 0) -> Event:
    """Make an event."""
    return Event(t_ms=t_ms, kind=kind, x=x, y=y)


def recording(*events: Event) -> Recording:
    """Make a recording."""
    return Recording(name="a", person="ann", events=events)


def test_columns_are_differences_from_the_first_event() -> None:
    (batch,) = cut(recording(event(1000, x=5, y=9), event(1050, x=8, y=7), event(1100, x=4, y=7)))
    assert (batch.clock_ms, batch.origin_x, batch.origin_y) == (1000, 5, 9)
    assert (batch.dt_ms, batch.dx, batch.dy) == ((0, 50, 50), (0, 3, -4), (0, -2, 0))


def test_rounding_never_adds_up() -> None:
    events = [event(number * 50.4, x=number * 0.4) for number in range(10)]
    (batch,) = cut(recording(*events))
    assert sum(batch.dx) == round(9 * 0.4)
    assert batch.clock_ms + sum(batch.dt_ms) == round(9 * 50.4)


def test_moves_are_thinned_to_20_hz_with_their_own_times() -> None:
    kept = list(thin(event(number * 16, x=number) for number in range(10)))
    assert [each.t_ms for each in kept] == [48, 96, 144]


def test_the_resting_point_is_kept_when_and_where_it_was() -> None:
    moves = [event(number * 10, x=min(number, 13)) for number in range(60)]
    assert [(each.t_ms, each.x) for each in thin(moves)] == [(40, 4), (90, 9), (130, 13)]


def test_moving_in_one_direction_only_is_moving() -> None:
    across, down = event(50, x=1), event(100, x=1, y=1)
    assert list(thin([event(0), across, down])) == [event(0), across, down]


def test_the_last_move_before_another_event_is_kept() -> None:
    events = [event(2, x=1), event(4, x=2), event(6, Kind.CLICK, x=2), event(8, x=3)]
    assert [each.t_ms for each in thin(events)] == [4, 6, 8]


def test_coming_over_another_element_counts_as_moving() -> None:
    over = Event(t_ms=100, kind=Kind.MOVE, x=0, y=0, target="buy")
    assert list(thin([event(0), event(50), over])) == [event(0), over]


def test_a_batch_lasts_less_than_half_a_second() -> None:
    events = [event(number * 100, x=number) for number in range(11)]
    assert [batch.clock_ms for batch in cut(recording(*events))] == [0, 500, 1000]


def test_a_batch_has_at_most_fifty_events() -> None:
    keys = [event(number, Kind.KEY) for number in range(120)]
    assert [len(batch.kind) for batch in cut(recording(*keys))] == [50, 50, 20]


def test_a_batch_is_on_one_page() -> None:
    def page(t_ms: float, kind: Kind, page_type: PageType | None) -> Event:
        return Event(t_ms=t_ms, kind=kind, x=0, y=0, page_type=page_type)

    batches = cut(
        recording(
            event(0, Kind.FOCUS),
            page(1, Kind.NAVIGATE, PageType.HOME),
            page(2, Kind.KEY, None),
            page(3, Kind.KEY, PageType.CART),
            page(4, Kind.NAVIGATE, None),
        )
    )
    assert [(batch.view, batch.page_type, len(batch.kind)) for batch in batches] == [
        (0, None, 1),
        (1, PageType.HOME, 2),
        (1, PageType.CART, 1),
        (2, None, 1),
    ]


def test_targets_are_named_where_the_pointer_enters_presses_or_leaves() -> None:
    def over(t_ms: float, kind: Kind, target: str) -> Event:
        role = Role.BUTTON if target else None
        return Event(t_ms=t_ms, kind=kind, x=t_ms, y=0, target=target, role=role)

    first, second = cut(
        recording(
            over(0, Kind.MOVE, ""),
            over(50, Kind.MOVE, "buy"),
            over(100, Kind.MOVE, "buy"),
            over(150, Kind.CLICK, "buy"),
            over(200, Kind.KEY, ""),
            over(250, Kind.MOVE, "pay"),
            over(300, Kind.MOVE, "buy"),
            over(500, Kind.MOVE, "buy"),
            over(550, Kind.MOVE, ""),
        )
    )
    assert [target.name for target in first.targets] == ["buy", "pay"]
    assert first.target == ((1, 0), (3, 0), (5, 1), (6, 0))
    assert second.targets == (Target("buy", Role.BUTTON, None),)
    assert second.target == ((0, 0), (1, -1))


def test_a_new_page_takes_the_pointer_off_what_it_was_over() -> None:
    price = Event(t_ms=0, kind=Kind.MOVE, x=0, y=0, section=Section.PRICE)
    first, second = cut(recording(price, event(10, Kind.KEY), event(20, Kind.NAVIGATE)))
    assert first.target == ((0, 0),)
    assert (second.targets, second.target) == ((), ((0, -1),))


def test_scrolls_and_responses_are_sparse() -> None:
    (batch,) = cut(
        recording(
            event(0),
            Event(t_ms=10, kind=Kind.SCROLL, x=0, y=0, scroll_x=3.6, scroll_y=-120),
            Event(t_ms=20, kind=Kind.RESPONSE, x=0, y=0, response_ms=0),
        )
    )
    assert batch.scroll_x == ((1, 4),)
    assert batch.scroll_y == ((1, -120),)
    assert batch.response_ms == ((2, 0),)
